/// Keys and signatures of Ed25519 (RFC 8032, section 5.1), each of its one length. ``Primitives`` compute with
/// them.
public enum Ed25519 {
  /// A private key: its seed of 32 bytes. Whoever has it can sign.
  public struct PrivateKey: Sendable, Equatable {
    /// The 32 bytes that everything else follows from.
    public let seed: Secret

    /// `nil` unless given 32 bytes.
    public init?(seed: Secret) {
      guard seed.count == 32 else { return nil }
      self.seed = seed
    }
  }

  /// A public key: 32 bytes.
  public struct PublicKey: Sendable, Hashable {
    public let bytes: [UInt8]

    /// `nil` unless given 32 bytes. Whether they are a point of the curve shows when a signature is checked.
    public init?(_ bytes: [UInt8]) {
      guard bytes.count == 32 else { return nil }
      self.bytes = bytes
    }

    /// The 32 bytes that `body` writes.
    public init(writing body: (UnsafeMutablePointer<UInt8>) -> Void) {
      bytes = Ed25519.bytes(32, body)
    }
  }

  /// A detached signature: 64 bytes.
  public struct Signature: Sendable, Hashable {
    public let bytes: [UInt8]

    /// `nil` unless given 64 bytes.
    public init?(_ bytes: [UInt8]) {
      guard bytes.count == 64 else { return nil }
      self.bytes = bytes
    }

    /// The 64 bytes that `body` writes.
    public init(writing body: (UnsafeMutablePointer<UInt8>) -> Void) {
      bytes = Ed25519.bytes(64, body)
    }
  }

  private static func bytes(
    _ count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    body(&bytes)
    return bytes
  }
}
