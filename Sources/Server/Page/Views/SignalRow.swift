import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An entry of the signal log as the page shows it: in a template, and as the data of an event.
struct SignalRow: Encodable {
  let position: Int64
  let at: String
  let time: String
  let signal: String
  let prefix: String?
  let keyPath: String?
  let actor: String?
  /// The signal itself, to look at.
  let data: String

  private enum CodingKeys: String, CodingKey {
    case position, at, time, signal, prefix, actor, data
    case keyPath = "key_path"
  }

  /// - Throws: if the entry's payload is no JSON object.
  init(_ entry: LogEntry, showsKey: Bool) throws {
    position = entry.position
    at = entry.at.rfc3339
    time = PageText.second(entry.at)
    signal = entry.signal
    prefix = entry.prefix
    keyPath = showsKey ? entry.keyID.map { "/admin/keys/\($0.text)" } : nil
    actor = AuditResource(.signal(entry)).summary.actor
    data = String(
      decoding: try JSONEncoder.contract(pretty: true).encode(SignalResource(entry)), as: UTF8.self)
  }

  var values: [String: Any] {
    [
      "position": position, "at": at, "time": time, "signal": signal, "prefix": prefix.shown,
      "key_path": keyPath.shown, "actor": actor.shown, "data": data,
    ]
  }

  /// The event that carries it (WHATWG HTML, section 9.2). JSON has no line's end of its own.
  func event() throws -> [UInt8] {
    Array("id: \(position)\ndata: ".utf8) + (try JSONEncoder.contract().encode(self))
      + Array("\n\n".utf8)
  }
}
