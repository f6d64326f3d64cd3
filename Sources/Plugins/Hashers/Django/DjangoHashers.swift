import CardeaContracts

/// Every hasher for the hashes that the Django packages' databases hold. `pbkdf2_sha512` is not among them: our
/// own hasher reads Django's spelling as it is.
public struct DjangoHashers: PluginBundle {
  public let plugins: [any Plugin]

  public init() throws(ConfigurationFault) {
    var plugins: [any Plugin] = [
      DjangoPBKDF2SHA256Hasher(), DjangoPBKDF2SHA1Hasher(), DjangoSHA512Hasher(),
      try DjangoArgon2Hasher(), DjangoScryptHasher(), BareSHA256Hasher(),
    ]
    #if os(Linux)
      plugins.append(DjangoBcryptSHA256Hasher())
    #endif
    self.plugins = plugins
  }
}
