import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A signal of the log as it leaves the process: the signal's own fields with its name and position.
///
/// Of what a purge or a prune has erased only the header is left, and `erased` says so.
public struct SignalResource: Encodable, Sendable {
  private let fields: [String: JSONValue]

  /// - Throws: if the entry's payload is no JSON object.
  public init(_ entry: LogEntry) throws {
    var fields: [String: JSONValue] = [:]
    if let payload = entry.payload {
      fields = try JSONDecoder().decode([String: JSONValue].self, from: Data(payload))
    } else {
      fields["at"] = .string(entry.at.rfc3339)
      fields["key_id"] = entry.keyID.map { .string($0.text) } ?? .null
      fields["prefix"] = entry.prefix.map { .string($0) } ?? .null
      fields["erased"] = .bool(true)
    }
    fields["signal"] = .string(entry.signal)
    fields["position"] = .integer(entry.position)
    self.fields = fields
  }

  public func encode(to encoder: any Encoder) throws { try fields.encode(to: encoder) }
}
