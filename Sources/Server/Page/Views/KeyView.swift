import CardeaContracts

/// A key as the templates show it.
enum KeyView {
  /// - Parameter site: the page that shows it.
  static func row(_ stored: StoredKey, on site: PageSite, now: Timestamp) -> [String: Any] {
    let key = stored.key
    let shown = 3
    return [
      "id": key.id.text, "path": site.path(of: stored), "prefix": key.prefix,
      "name": key.name.isEmpty ? "(erased)" : key.name,
      "owner": owner(stored), "state": key.state(at: now).rawValue,
      "scopes": Array(key.scopes.names.prefix(shown)),
      "more_scopes": (key.scopes.names.count > shown ? key.scopes.names.count - shown : nil).shown,
      "expires": PageText.time(key.expiresAt, now: now),
      "used": PageText.time(key.lastUsedAt, now: now),
      "rotating": RotationResource(key, at: now) != nil,
    ]
  }

  static func details(_ stored: StoredKey, on site: PageSite, now: Timestamp) -> [String: Any] {
    let key = stored.key
    var values = row(stored, on: site, now: now)
    values["scopes"] = key.scopes.names
    values["more_scopes"] = false
    values["description"] = (key.description.isEmpty ? nil : key.description).shown
    values["kind"] = key.kind.rawValue
    values["class"] = key.keyClass
    values["created"] = PageText.time(key.createdAt, now: now)
    values["created_by"] = key.createdBy
    values["metadata"] = PageText.metadata(key.metadata)
    values["rotation"] = rotation(key, now)
    return values
  }

  private static func rotation(_ key: KeyRecord, _ now: Timestamp) -> Any {
    guard let rotation = RotationResource(key, at: now) else { return false }
    let addresses: String =
      switch rotation.oldSecretAddresses {
      case nil: "unknown addresses"
      case 1?: "1 address"
      case .some(let count): "\(count)\(count >= AddressSet.limit ? " or more" : "") addresses"
      }
    return [
      "until": PageText.time(rotation.overlapUntil, now: now),
      "old_used": PageText.time(rotation.oldSecretLastUsedAt, now: now),
      "addresses": (rotation.oldSecretLastUsedAt == nil ? nil : addresses).shown,
    ] as [String: Any]
  }

  private static func owner(_ stored: StoredKey) -> Any {
    guard let owner = stored.owner else { return false }
    return [
      "name": owner.name, "kind": owner.kind.rawValue, "path": "/admin/owners/\(owner.id.text)",
      "disabled": owner.disabled,
    ]
  }
}
