import CardeaKernel

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
}
