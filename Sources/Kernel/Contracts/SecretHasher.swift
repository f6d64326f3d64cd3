/// Turns a secret into an encoded hash and verifies it.
///
/// Looked up by ``algorithm``, so any number verify and exactly one is preferred for new secrets.
///
/// Promises (the conformance kit checks each):
/// - `verify` of what `hash` made is `true`; of any other secret `false`, never an error.
/// - an unreadable hash, or one whose cost is beyond the hasher's ceiling, throws and runs nothing.
/// - two hashes of one secret differ (salt).
///
/// Threading: synchronous, from any thread; several calls at once. `.slow` hashers run on the kernel's
/// bounded pool, `.fast` ones on the caller's thread.
public protocol SecretHasher: Plugin {
  /// What stands before the first `$` of the hashes that it makes.
  var algorithm: String { get }
  /// The schemes (``EncodedHash/scheme``) that it can verify; the algorithm alone unless it needs peppers.
  var schemes: [String] { get }
  /// `.slow` if one call takes more than some 50 microseconds.
  var cost: HashCost { get }
  /// Hashes a secret under a fresh salt.
  func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash
  /// Whether the secret is the one that was hashed. A wrong secret is `false`.
  func verify(_ request: VerifyRequest) throws(HasherError) -> Bool
  /// Whether a hash of this algorithm should be made again with today's parameters.
  func needsRehash(_ hash: EncodedHash) -> Bool
}

/// How long a hasher's call takes, and so where the kernel runs it.
public enum HashCost: Sendable { case fast, slow }

/// What a hasher hashes.
public struct HashRequest: Sendable {
  public let secret: Secret
  /// Source of the salt.
  public let primitives: any Primitives

  public init(secret: Secret, primitives: any Primitives) {
    self.secret = secret
    self.primitives = primitives
  }
}

/// What a hasher verifies.
public struct VerifyRequest: Sendable {
  public let secret: Secret
  public let hash: EncodedHash

  public init(secret: Secret, hash: EncodedHash) {
    self.secret = secret
    self.hash = hash
  }
}

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

extension SecretHasher {
  public var schemes: [String] { [algorithm] }
  public func register(in registry: inout Registry) { registry.add(hasher: self) }
}
