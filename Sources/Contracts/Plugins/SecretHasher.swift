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
  /// Throws what `verify` would throw on this hash, and runs nothing: an import asks it of every row. The
  /// default takes any hash.
  func check(_ hash: EncodedHash) throws(HasherError)
}

/// How long a hasher's call takes, and so where the kernel runs it.
public enum HashCost: Sendable { case fast, slow }

extension SecretHasher {
  public var schemes: [String] { [algorithm] }
  public func check(_ hash: EncodedHash) {}

  public func register(in registry: inout Registry) { registry.add(hasher: self) }
}
