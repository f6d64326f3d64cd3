import CardeaContracts

/// Another plugin's primitives, whose random bytes are mixed with the operating system's: secrets stay
/// unpredictable as long as either generator is sound.
public struct MixedPrimitives<Base: Primitives>: Primitives {
  public let id = "primitives.mixed"
  private let base: Base

  public init(_ base: Base) { self.base = base }

  public func randomBytes(_ count: Int) -> [UInt8] {
    var system = SystemRandomNumberGenerator()
    return base.randomBytes(count).map { $0 ^ UInt8.random(in: 0...255, using: &system) }
  }

  public func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128 { base.keyedDigest(bytes) }
  public func sha256(_ bytes: [UInt8]) -> Digest256 { base.sha256(bytes) }
  public func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { base.equal(left, right) }
  public func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey { base.publicKey(of: key) }
  public func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature {
    base.sign(message, with: key)
  }
  public func isValid(
    _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Bool {
    base.isValid(signature, of: message, by: key)
  }
}
