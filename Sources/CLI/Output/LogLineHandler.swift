import CardeaContracts
import Logging

/// Writes log lines: as JSON for machines, or as text for people, one line per event whatever is in it.
///
/// Times are UTC to the millisecond. A control or format character becomes an escape, so that nothing of what a
/// client sent begins a line or does something to a terminal. Threading: as swift-log has it, any thread.
struct LogLineHandler: LogHandler {
  enum Format: String, CaseIterable { case text, json }

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let format: Format
  private let clock: any KernelClock
  private let write: @Sendable (String) -> Void

  init(
    format: Format, level: Logger.Level, clock: any KernelClock = SystemClock(),
    write: @escaping @Sendable (String) -> Void
  ) {
    self.format = format
    logLevel = level
    self.clock = clock
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let time = clock.now().rfc3339
    var bytes: [UInt8] = []
    switch format {
    case .json:
      bytes.append(UInt8(ascii: "{"))
      LineJSON.append("time", time, to: &bytes)
      LineJSON.append("level", event.level.rawValue, to: &bytes)
      LineJSON.append("message", event.message.description, to: &bytes)
      for (name, value) in fields {
        bytes.append(UInt8(ascii: ","))
        // The three above keep their meaning.
        let isTaken = name == "time" || name == "level" || name == "message"
        LineJSON.append(isTaken ? "\(name)_" : name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        if let number = LogLineHandler.number(value) {
          bytes.append(contentsOf: number.utf8)
        } else {
          LineJSON.append(value.description, to: &bytes)
        }
      }
      bytes.append(UInt8(ascii: "}"))
    case .text:
      bytes.append(contentsOf: "\(time) \(event.level.rawValue): ".utf8)
      bytes.append(contentsOf: SafeText.line(event.message.description).utf8)
      for (name, value) in fields {
        bytes.append(contentsOf: " \(SafeText.line(name))=".utf8)
        let text = value.description
        if !text.isEmpty, text.utf8.allSatisfy(LogLineHandler.isPlain) {
          bytes.append(contentsOf: text.utf8)
        } else {
          LineJSON.append(text, to: &bytes)
        }
      }
    }
    write(String(decoding: bytes, as: UTF8.self))
  }

  /// A value that was logged as a number.
  private static func number(_ value: Logger.MetadataValue) -> String? {
    guard case .stringConvertible(let value) = value else { return nil }
    if let whole = value as? any BinaryInteger { return "\(whole)" }
    if let real = value as? Double, real.isFinite { return "\(real)" }
    return nil
  }

  /// Whether a value needs no quotes.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
  }
}
