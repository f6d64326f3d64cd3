/// Every type of signal that has a place in the signal log or the access log.
public enum SignalCatalogue {
  /// All of them, in the order of the documentation.
  public static let all: [any Signal.Type] = [
    OwnerCreated.self, OwnerUpdated.self, OwnerDisabled.self, OwnerEnabled.self, KeyCreated.self,
    KeyUpdated.self, TokenRotated.self, RotationCompleted.self, RotationCancelled.self,
    KeySuspended.self, KeyReactivated.self, KeyRevoked.self, KeyPurged.self, KeyExpired.self,
    KeyExpiring.self, HashUpgraded.self, WebhookCreated.self, WebhookUpdated.self,
    WebhookDeleted.self, WebhookSecretRotated.self, UserLoggedIn.self, UserLoggedOut.self,
    AuthenticationFailed.self, RateLimited.self, ListenerFailed.self,
  ]

  /// Those that stand in the signal log.
  package static let changes: [any ChangeSignal.Type] = all.compactMap {
    $0 as? any ChangeSignal.Type
  }

  /// Their names, sorted.
  package static let changeNames = changes.map { $0.name }.sorted()
}
