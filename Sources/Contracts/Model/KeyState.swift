/// A key's state on the wire.
public enum KeyState: String, Sendable, Codable, CaseIterable {
  case active, suspended, expired, revoked, purged
}
