import CardeaContracts

/// Keys of other systems that are nothing but random characters, whatever their length: 1 to 512 bytes of visible
/// ASCII without a comma.
///
/// The key is kept under `plain_` and 32 hexadecimal digits of its SHA-256, and what is hashed is the whole key. It
/// claims only what no other accepted format claims (see ``CatchAllFormat``), and no JSON Web Token: those come in
/// the same places and are somebody else's.
///
/// Threading: any thread. `parse` allocates nothing.
public struct PlainFormat: CatchAllFormat {
  public var id: String { "format.plain" }
  public var name: String { "plain" }
  public let namespace = "plain"

  public init() {}

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    guard (1...Candidate.capacity).contains(token.count) else { return nil }
    var dots = 0
    for index in token.indices {
      let byte = token[index]
      guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: ",") else { return nil }
      if byte == UInt8(ascii: ".") { dots += 1 }
    }
    // RFC 7515, section 7.1: three parts of base64url; the first is a JSON object, `{"` in base64.
    if dots == 2, token.count > 3, token[0] == UInt8(ascii: "e"), token[1] == UInt8(ascii: "y"),
      token[2] == UInt8(ascii: "J")
    {
      return nil
    }
    return ParsedToken(prefix: .digest(namespace: namespace), secret: 0..<token.count)
  }
}
