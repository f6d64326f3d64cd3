import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An entry of the signal log as an event stream writes it (WHATWG HTML, section 9.2): its position is the
/// event's id, its name the event's type, and the signal the data.
struct SignalEvent: Sendable {
  let entry: LogEntry
  let bytes: [UInt8]

  /// - Throws: if the entry's payload is no JSON object.
  init(_ entry: LogEntry) throws {
    self.entry = entry
    let data = try JSONEncoder.contract().encode(SignalResource(entry))
    // A name is declared by a type, in a plugin too: a line's end in it would make lines of its own.
    let name = entry.signal.utf8.filter { $0 > 0x20 && $0 < 0x7F }
    var bytes = Array("id: \(entry.position)\nevent: ".utf8)
    bytes += name
    bytes += "\ndata: ".utf8
    bytes += data
    bytes += "\n\n".utf8
    self.bytes = bytes
  }
}
