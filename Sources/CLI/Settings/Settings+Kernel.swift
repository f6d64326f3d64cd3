import CardeaKernel

extension Settings {
  /// What the kernel is configured with.
  package var kernelConfiguration: KernelConfiguration {
    var kernel = KernelConfiguration()
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
    kernel.availableScopes = self[SettingsTable.availableScopes]
    kernel.defaultScopes = self[SettingsTable.defaultScopes]
    kernel.cacheEntries = self[SettingsTable.cacheEntries]
    kernel.wrongCacheEntries = self[SettingsTable.wrongEntries]
    kernel.lease = self[SettingsTable.lease]
    kernel.maxStale = self[SettingsTable.maxStale]
    kernel.auditOnFailure = .init(rawValue: self[SettingsTable.auditOnFailure]) ?? .deny
    kernel.auditRetention = self[SettingsTable.auditRetention]
    return kernel
  }
}
