import CardeaContracts

/// A key that comes in clear: read, hashed and forgotten. Only its SHA-256 goes any further.
struct PlainKey {
  let prefix: String
  let hash: String

  /// - Throws: if no header could carry it.
  init(_ text: String, _ primitives: any Primitives) throws(RowFault) {
    let bytes = Array(text.utf8)
    guard (1...Candidate.capacity).contains(bytes.count) else {
      throw RowFault("the key is empty or longer than 512 bytes")
    }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }) else {
      throw RowFault("the key holds spaces, commas or what is no visible ASCII")
    }
    let digest = Hex.text(primitives.sha256(bytes).bytes)
    prefix = "plain_\(digest.prefix(32))"
    hash = "sha256$$\(digest)"
  }
}
