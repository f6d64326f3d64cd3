import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a link says: which record it is, whose it is, until when it may be used, and 256 bits that nobody guesses. It
/// travels with an Ed25519 signature over all of it.
struct PortalLink: Sendable, Equatable {
  let id: UUID
  let owner: UUID
  let expiresAt: Timestamp
  let nonce: [UInt8]

  static let nonceLength = 32
  private static let signatureLength = 64
  /// What no other message that is ever signed begins with.
  private static let purpose = Array("cardea portal link 1\n".utf8)

  /// The text of the link, signed.
  func signed(by key: Ed25519.PrivateKey, _ primitives: any Primitives) -> String {
    let signature = primitives.sign(PortalLink.purpose + content, with: key)
    return Base64.encodeURL(content + signature.bytes)
  }

  /// The link that `text` is, if `key` signed it; `nil` of anything else.
  init?(_ text: String, signedBy key: Ed25519.PublicKey, _ primitives: any Primitives) {
    let length = 16 + 16 + 8 + PortalLink.nonceLength
    guard text.utf8.count <= 256, let bytes = Base64.decodeURL(Array(text.utf8)),
      bytes.count == length + PortalLink.signatureLength,
      let signature = Ed25519.Signature(Array(bytes[length...]))
    else { return nil }
    let content = Array(bytes[..<length])
    guard primitives.isValid(signature, of: PortalLink.purpose + content, by: key) else {
      return nil
    }
    let milliseconds = content[32..<40].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    id = UUID(bytes: content[0..<16])
    owner = UUID(bytes: content[16..<32])
    expiresAt = Timestamp(milliseconds: Int64(bitPattern: milliseconds))
    nonce = Array(content[40...])
  }

  init(id: UUID, owner: UUID, expiresAt: Timestamp, nonce: [UInt8]) {
    self.id = id
    self.owner = owner
    self.expiresAt = expiresAt
    self.nonce = nonce
  }

  private var content: [UInt8] {
    let milliseconds = UInt64(bitPattern: expiresAt.milliseconds)
    return id.bytes + owner.bytes
      + (0..<8).map { UInt8(truncatingIfNeeded: milliseconds >> (56 - 8 * $0)) } + nonce
  }
}

extension UUID {
  fileprivate var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

  /// - Parameter bytes: 16 of them.
  fileprivate init(bytes: ArraySlice<UInt8>) {
    self.init(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
  }
}
