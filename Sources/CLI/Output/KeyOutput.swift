import CardeaContracts
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keys and owners as people read them.
enum KeyOutput {
  static func table(_ keys: [StoredKey], at now: Timestamp) -> Table {
    var table = Table(["PREFIX", "NAME", "OWNER", "STATE", "SCOPES", "EXPIRES", "LAST USED"])
    for stored in keys {
      let key = stored.key
      table.add([
        .init(key.prefix), .init(key.name, limit: 40), .init(stored.owner?.name ?? "-", limit: 40),
        state(key, now),
        .init(key.scopes.isEmpty ? "-" : key.scopes.names.joined(separator: " "), limit: 40),
        .init(key.expiresAt.map(moment) ?? "never"), .init(key.lastUsedAt.map(moment) ?? "-"),
      ])
    }
    return table
  }

  static func details(_ stored: StoredKey, at now: Timestamp) -> Table {
    let key = stored.key
    var table = Table(["FIELD", "VALUE"])
    func add(_ name: String, _ cell: Table.Cell) { table.add([.init(name), cell]) }
    add("id", .init(key.id.text))
    add("prefix", .init(key.prefix))
    add("name", .init(key.name))
    add("description", .init(key.description.isEmpty ? "-" : key.description))
    add("kind", .init(key.kind.rawValue))
    add("class", .init(key.keyClass))
    add("owner", .init(stored.owner.map { "\($0.name) (\($0.kind.rawValue))" } ?? "-"))
    add("scopes", .init(key.scopes.isEmpty ? "-" : key.scopes.names.joined(separator: " ")))
    add("state", state(key, now))
    add("created", .init("\(key.createdAt.rfc3339) by \(key.createdBy)"))
    add("expires", .init(key.expiresAt?.rfc3339 ?? "never"))
    add("metadata", .init(json(key.metadata)))
    add("last used", .init(key.lastUsedAt?.rfc3339 ?? "-"))
    if let rotation = RotationResource(key, at: now) {
      let used = rotation.oldSecretLastUsedAt?.rfc3339 ?? "never"
      add("rotation", .init("old secret works until \(rotation.overlapUntil.rfc3339)"))
      add("old secret used", .init(used))
      add("old secret used from", .init(addresses(rotation.oldSecretAddresses)))
    }
    return table
  }

  private static func json(_ metadata: [String: JSONValue]) -> String {
    guard !metadata.isEmpty, let data = try? JSONEncoder.contract().encode(metadata) else {
      return "-"
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static func addresses(_ count: Int?) -> String {
    switch count {
    case nil: "unknown addresses: the server has no trusted proxy that names them"
    case 1?: "1 address"
    case .some(let count):
      "\(count)\(count >= AddressSet.limit ? " or more" : "") addresses"
    }
  }

  static func owners(_ owners: [OwnerRecord]) -> Table {
    var table = Table(["NAME", "KIND", "STATE", "MAX KEYS", "CREATED", "ID"])
    for owner in owners {
      table.add([
        .init(owner.name), .init(owner.kind.rawValue),
        owner.disabled ? .init("disabled", .red) : .init("enabled", .green),
        .init(owner.maxKeys < 0 ? "unlimited" : "\(owner.maxKeys)"), .init(moment(owner.createdAt)),
        .init(owner.id.text),
      ])
    }
    return table
  }

  /// One owner in full.
  static func owner(_ owner: OwnerRecord) -> Table {
    var table = Table(["FIELD", "VALUE"])
    func add(_ name: String, _ value: Table.Cell) { table.add([.init(name), value]) }
    add("id", .init(owner.id.text))
    add("name", .init(owner.name))
    add("kind", .init(owner.kind.rawValue))
    add("state", owner.disabled ? .init("disabled", .red) : .init("enabled", .green))
    add("max keys", .init(owner.maxKeys < 0 ? "unlimited" : "\(owner.maxKeys)"))
    if owner.kind == .organization {
      add("members", .init(owner.members.isEmpty ? "-" : owner.members.joined(separator: ", ")))
    }
    add("metadata", .init(json(owner.metadata)))
    add("created", .init(moment(owner.createdAt)))
    return table
  }

  private static func state(_ key: KeyRecord, _ now: Timestamp) -> Table.Cell {
    let state = key.state(at: now)
    let colour: Table.Colour =
      switch state {
      case .active: .green
      case .suspended: .yellow
      case .expired, .revoked, .purged: .red
      }
    return .init(state.rawValue, colour)
  }

  /// To the second: `2026-11-21T02:13:25Z`.
  private static func moment(_ time: Timestamp) -> String {
    let text = time.rfc3339
    return text.split(separator: ".").first.map { "\($0)Z" } ?? text
  }
}
