/// Why a hasher could not do its work. Any of them denies.
public enum HasherError: Error, Sendable, Equatable {
  /// The encoded hash can't be read by this hasher.
  case unreadable(algorithm: String)
  /// The encoded hash asks for more work or memory than the ceiling allows.
  case beyondCeiling(algorithm: String, limit: String)
  /// The hash was made under a pepper version that is not configured.
  case pepperMissing(version: String)
  /// The library under it failed; `reason` never holds the secret.
  case failed(algorithm: String, reason: String)
}
