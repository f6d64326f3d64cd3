import CardeaContracts

extension Settings {
  /// What the kernel is configured with.
  package var kernelConfiguration: KernelConfiguration {
    var kernel = KernelConfiguration()
    if !self[SettingsTable.nodeName].isEmpty { kernel.nodeName = self[SettingsTable.nodeName] }
    kernel.tokenFormat = self[SettingsTable.tokenFormat]
    kernel.acceptedFormats = self[SettingsTable.tokenAccept]
    kernel.namespace = self[SettingsTable.namespace]
    kernel.identifierLength = self[SettingsTable.identifierLength]
    kernel.secretLength = self[SettingsTable.secretLength]
    kernel.preferredHasher = self[SettingsTable.hashPreferred]
    kernel.hashPoolWidth = self[SettingsTable.poolWidth]
    kernel.hashQueueLimit = self[SettingsTable.queueLimit]
    kernel.hashDeadline = self[SettingsTable.hashDeadline]
    kernel.extractConflict = .init(rawValue: self[SettingsTable.conflict]) ?? .refuse
    kernel.defaultExpiry = self[SettingsTable.defaultExpiry]
    kernel.maxKeysPerOwner = self[SettingsTable.maxPerOwner]
    kernel.ownerMustExist = self[SettingsTable.ownerMustExist]
    kernel.expiryNoticeDays = self[SettingsTable.expiringNotice].compactMap(SettingCheck.wholeDays)
    kernel.suspendUnused = self[SettingsTable.suspendUnused]
    kernel.sweepInterval = self[SettingsTable.sweepInterval]
    kernel.usageFlushInterval = self[SettingsTable.usageInterval]
    let firstKey = self[SettingsTable.firstKey]
    kernel.firstKeyName = firstKey.isEmpty ? nil : firstKey
    kernel.availableScopes = self[SettingsTable.availableScopes]
    kernel.defaultScopes = self[SettingsTable.defaultScopes]
    kernel.cacheEntries = self[SettingsTable.cacheEntries]
    kernel.wrongCacheEntries = self[SettingsTable.wrongEntries]
    kernel.lease = self[SettingsTable.lease]
    kernel.maxStale = self[SettingsTable.maxStale]
    kernel.failedPerPrefixAndAddress = self[SettingsTable.failedPerPair]
    kernel.failedPerAddress = self[SettingsTable.failedPerAddress]
    kernel.limitEntries = self[SettingsTable.limitEntries]
    kernel.refusalTexts = refusalTexts
    kernel.auditOnFailure = .init(rawValue: self[SettingsTable.auditOnFailure]) ?? .deny
    kernel.auditRetention = self[SettingsTable.auditRetention]
    return kernel
  }

  private var refusalTexts: RefusalTexts {
    func text(_ setting: Setting<String>) -> String? {
      let text = self[setting]
      return text.isEmpty ? nil : text
    }
    var texts = RefusalTexts(
      missing: text(SettingsTable.missingText), unauthenticated: text(SettingsTable.invalidText))
    texts.byReason[.insufficientScope] = text(SettingsTable.scopeText)
    texts.byReason[.rateLimited] = text(SettingsTable.limitedText)
    return texts
  }
}
