/// A statement of where both logs stood, signed if the operator gave a key.
///
/// The text is kept as it was signed. One line per field:
///
/// ```
/// cardea-checkpoint-1
/// <number> <milliseconds since 1970> <periodic|shutdown|prune>
/// signals <position> <hash> <payloads erased through>
/// access <position> <hash> <pruned through> <hash there> <node>      (one line per node)
/// ```
public struct Checkpoint: Sendable, Equatable {
  /// From 1, without gaps.
  public let number: Int64
  /// What was signed, byte for byte.
  public let text: [UInt8]
  /// The key that signed, and its signature; `nil` for one without a signature.
  public let publicKey: Ed25519.PublicKey?
  public let signature: Ed25519.Signature?

  public init(
    number: Int64, text: [UInt8], publicKey: Ed25519.PublicKey?, signature: Ed25519.Signature?
  ) {
    self.number = number
    self.text = text
    self.publicKey = publicKey
    self.signature = signature
  }

  /// Why it was made: time passed, the process ended, or entries are about to be pruned.
  public enum Kind: String, Sendable { case periodic, shutdown, prune }
}
