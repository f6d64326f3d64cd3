/// The cryptographic primitives that the kernel itself needs. Exactly one is registered.
///
/// Threading: synchronous, from any thread.
public protocol Primitives: Plugin {
  /// That many bytes from a CSPRNG.
  func randomBytes(_ count: Int) -> [UInt8]
  /// A digest of at least 128 bits under a random key that never leaves this process. The warm path
  /// calls it once per request: keep it to some 30 nanoseconds for 50 bytes.
  func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128
  /// SHA-256 (FIPS 180-4).
  func sha256(_ bytes: [UInt8]) -> Digest256
  /// Whether both are equal, in time that depends on their length only.
  func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool
  /// The public key of an Ed25519 private key (RFC 8032, section 5.1.5).
  func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey
  /// Signs with Ed25519 (RFC 8032, section 5.1.6): the same signature each time.
  func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature
  /// Whether `key`'s owner signed `message` (RFC 8032, section 5.1.7). A signature has one spelling: one whose
  /// second half is not below the group's order is none.
  func isValid(
    _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Bool
}

extension Primitives {
  public func register(in registry: inout Registry) { registry.add(primitives: self) }
}
