/// A signal that has a topic of its own on every bus, so that publishing it looks nothing up.
public protocol CatalogueSignal: Signal {
  /// The topic that carries this type on a bus.
  static func topic(on bus: SignalBus) -> Topic<Self>
}

extension WebhookCreated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<WebhookCreated> { bus.webhookCreated }
}

extension WebhookUpdated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<WebhookUpdated> { bus.webhookUpdated }
}

extension WebhookDeleted: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<WebhookDeleted> { bus.webhookDeleted }
}

extension WebhookSecretRotated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<WebhookSecretRotated> {
    bus.webhookSecretRotated
  }
}

extension KeyCreated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyCreated> { bus.keyCreated }
}

extension KeyUpdated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyUpdated> { bus.keyUpdated }
}

extension TokenRotated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<TokenRotated> { bus.tokenRotated }
}

extension RotationCompleted: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<RotationCompleted> { bus.rotationCompleted }
}

extension RotationCancelled: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<RotationCancelled> { bus.rotationCancelled }
}

extension KeySuspended: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeySuspended> { bus.keySuspended }
}

extension KeyReactivated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyReactivated> { bus.keyReactivated }
}

extension KeyRevoked: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyRevoked> { bus.keyRevoked }
}

extension KeyPurged: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyPurged> { bus.keyPurged }
}

extension KeyExpired: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyExpired> { bus.keyExpired }
}

extension KeyExpiring: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<KeyExpiring> { bus.keyExpiring }
}

extension HashUpgraded: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<HashUpgraded> { bus.hashUpgraded }
}

extension OwnerCreated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<OwnerCreated> { bus.ownerCreated }
}

extension OwnerUpdated: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<OwnerUpdated> { bus.ownerUpdated }
}

extension OwnerDisabled: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<OwnerDisabled> { bus.ownerDisabled }
}

extension OwnerEnabled: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<OwnerEnabled> { bus.ownerEnabled }
}

extension UserLoggedIn: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<UserLoggedIn> { bus.userLoggedIn }
}

extension UserLoggedOut: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<UserLoggedOut> { bus.userLoggedOut }
}

extension AuthenticationFailed: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<AuthenticationFailed> {
    bus.authenticationFailed
  }
}

extension RateLimited: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<RateLimited> { bus.rateLimited }
}

extension ListenerFailed: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<ListenerFailed> { bus.listenerFailed }
}

extension AnySignal: CatalogueSignal {
  @inlinable
  public static func topic(on bus: SignalBus) -> Topic<AnySignal> { bus.any }
}
