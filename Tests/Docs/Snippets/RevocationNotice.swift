import CardeaContracts

/// Tells somebody when a key was revoked.
public struct RevocationNotice: SignalListener {
  public let id = "listener.revocation_notice"
  public let delivery = Delivery<KeyRevoked>.queue(bound: 1_000, overflow: .dropOldest)
  private let notify: @Sendable (String) throws -> Void

  public init(notify: @escaping @Sendable (String) throws -> Void) { self.notify = notify }

  public func receive(_ signal: KeyRevoked) throws {
    let owner = signal.key.owner ?? "nobody"
    try notify("\(signal.actor) revoked \(signal.key.prefix) of \(owner)")
  }
}
