import Cardea

/// The audit sink that the settings ask for.
struct AccessLogSetup {
  private let tier: AuditTier
  private let spool: String?

  /// - Throws: if the settings ask for a log that the store does not keep.
  init(
    _ settings: Settings, _ url: StoreURL, _ store: any KeyStore
  ) throws(ConfigurationFault) {
    let isKept = store is any AccessLogStore
    let name = SettingsTable.auditTier.name
    if !isKept, settings.origins[name] != nil, settings[SettingsTable.auditTier] != "off" {
      throw ConfigurationFault(
        setting: name, value: settings[SettingsTable.auditTier],
        problem: "the store \(url.scheme.form) keeps no access log",
        remedy: "Write audit.tier: off, or use a store that keeps one.")
    }
    if !isKept {
      (tier, spool) = (.off, nil)
      return
    }
    tier = AuditTier(rawValue: settings[SettingsTable.auditTier]) ?? .process
    spool = AccessLogSetup.spool(settings, url)
  }

  /// The folder of this node's spool, in the tiers that have one; `nil` where memory is as good as a file, since what the
  /// store holds ends with the process.
  static func spool(_ settings: Settings, _ url: StoreURL) -> String? {
    let folder = settings[SettingsTable.auditSpool]
    if !folder.isEmpty { return folder }
    return url.scheme.spool(url.rest) ?? (url.presence == .volatile ? nil : standardSpool)
  }

  /// Where the spool lies for a store that has no place of its own for it.
  private static let standardSpool = "cardea-spool"

  func register(in registry: inout Registry) {
    switch tier {
    case .off: return
    case .async:
      registry.use(QueueAuditSink(node: AccessLogNode.newName()))
    case .process, .commit, .failures:
      if let spool { return registry.use(SpoolAuditSink(path: spool, tier: tier)) }
      registry.use(QueueAuditSink(node: AccessLogNode.newName(), tier: tier, overflow: .refuse))
    }
  }
}
