/// 128 bits of a keyed digest: the verdict cache's key for a token. All 128 bits are compared.
public struct Digest128: Sendable, Hashable {
  /// The lower half.
  public let low: UInt64
  /// The upper half.
  public let high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }
}

/// A SHA-256 digest: 32 bytes.
public struct Digest256: Sendable, Equatable {
  /// All 32.
  public let bytes: [UInt8]

  /// `nil` unless given 32 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// 32 zero bytes: what stands before the first entry of a hash chain.
  public static let zero = Digest256(unchecked: [UInt8](repeating: 0, count: 32))

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}
