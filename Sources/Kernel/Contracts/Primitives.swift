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
}

extension Primitives {
  public func register(in registry: inout Registry) { registry.add(primitives: self) }
}
