import CardeaContracts
import Foundation

/// Writes every authentication as one line of JSON to a file descriptor, standard error unless given:
/// for containers, whose runtime keeps what they write there.
public struct StandardErrorSink: AuditSink {
  public let id = "audit.standard_error"
  let descriptor: Int32

  public init(descriptor: Int32 = STDERR_FILENO) { self.descriptor = descriptor }

  public func record(_ events: [AccessEvent]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var lines = Data()
    for event in events {
      lines += try encoder.encode(event)
      lines.append(UInt8(ascii: "\n"))
    }
    let written = lines.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == lines.count else { throw SinkError.incomplete(errno: errno) }
  }

  public enum SinkError: Error { case incomplete(errno: Int32) }
}
