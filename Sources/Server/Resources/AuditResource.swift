import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An entry of either log as the HTTP contract, `--json` and exports write it.
///
/// Every field is always there; one without a value is `null`. What a purge or a prune has erased is `null`
/// too, and `erased` is true.
public struct AuditResource: Encodable, Sendable {
  private let item: AuditItem

  public init(_ item: AuditItem) { self.item = item }

  private enum CodingKeys: String, CodingKey {
    case log, node, position, at, action, actor, prefix, owner, method, path, status, address,
      reason, policy, count, session, since, detail, erased
    case keyID = "key_id"
    case userAgent = "user_agent"
    case requestID = "request_id"
  }

  /// What a person looks for first, in both logs.
  public struct Summary: Sendable {
    /// Who acted, as the log has it.
    public var actor: String?
    /// The owner's name, as it was then.
    public var owner: String?
    /// The client's address.
    public var address: String?
    public var method: String?
    public var path: String?
    /// The code of the policy or limit that denied.
    public var policy: String?
  }

  /// Of this entry.
  public var summary: Summary {
    let payload = payload
    return switch item {
    case .access(let entry):
      Summary(
        actor: actor(entry, payload), owner: payload?["owner"]?.text,
        address: payload?["address"]?.text, method: payload?["method"]?.text,
        path: payload?["path"]?.text, policy: payload?["policy"]?.text)
    case .signal: Summary(actor: payload?["actor"]?.text, owner: owner(payload))
    }
  }

  private var payload: [String: JSONValue]? {
    let bytes =
      switch item {
      case .access(let entry): entry.payload
      case .signal(let entry): entry.payload
      }
    return bytes.flatMap { try? JSONDecoder().decode([String: JSONValue].self, from: Data($0)) }
  }

  /// The key, once its secret was verified; what another system said of its rows.
  private func actor(_ entry: AccessEntry, _ payload: [String: JSONValue]?) -> String? {
    if let actor = payload?["actor"]?.text { return actor }
    guard entry.action == UserLoggedIn.name, entry.keyID != nil else { return nil }
    return entry.prefix.map { "key:\($0)" }
  }

  private func owner(_ payload: [String: JSONValue]?) -> String? {
    if case .object(let key) = payload?["key"] { return key["owner"]?.text }
    if case .object(let owner) = payload?["owner"] { return owner["name"]?.text }
    return nil
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let payload = payload
    let summary = summary
    try container.encode(item.at, forKey: .at)
    try container.encode(summary.actor, forKey: .actor)
    try container.encode(summary.owner, forKey: .owner)
    try container.encode(summary.address, forKey: .address)
    try container.encode(summary.method, forKey: .method)
    try container.encode(summary.path, forKey: .path)
    switch item {
    case .access(let entry):
      try container.encode("access", forKey: .log)
      try container.encode(entry.node, forKey: .node)
      try container.encode(entry.position, forKey: .position)
      try container.encode(entry.action, forKey: .action)
      try container.encode(entry.keyID?.text, forKey: .keyID)
      try container.encode(entry.prefix, forKey: .prefix)
      try container.encode(entry.status == 0 ? nil : entry.status, forKey: .status)
      try container.encode(entry.reason, forKey: .reason)
      try container.encode(payload?["policy"]?.text, forKey: .policy)
      try container.encode(entry.count, forKey: .count)
      try container.encode(payload?["user_agent"]?.text, forKey: .userAgent)
      try container.encode(payload?["request_id"]?.text, forKey: .requestID)
      try container.encode(payload?["session"]?.text, forKey: .session)
      try container.encode(payload?["since"]?.text, forKey: .since)
      try container.encode(payload?["detail"]?.text, forKey: .detail)
      try container.encode(entry.payload == nil, forKey: .erased)
    case .signal(let entry):
      try container.encode("signals", forKey: .log)
      try container.encode(String?.none, forKey: .node)
      try container.encode(entry.position, forKey: .position)
      try container.encode(entry.signal, forKey: .action)
      try container.encode(entry.keyID?.text, forKey: .keyID)
      try container.encode(entry.prefix, forKey: .prefix)
      for key in [CodingKeys.status, .reason, .policy, .userAgent, .requestID, .session, .since] {
        try container.encodeNil(forKey: key)
      }
      try container.encode(1, forKey: .count)
      try container.encode(payload.map { JSONValue.object($0) }, forKey: .detail)
      try container.encode(entry.payload == nil, forKey: .erased)
    }
  }
}

extension JSONValue {
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}
