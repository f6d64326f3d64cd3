import Cardea

/// The plugins of every program that have settings under `plugins.<id>`.
enum StandardConfigurables {
  static let plugins: [any ConfigurablePlugin.Type] = [
    JSONLinesAuditSink.self, AllowedAddressesPolicy.self, AllowedRoutesPolicy.self,
    RateLimitPolicy.self, RefillingQuotaPolicy.self,
  ]
}
