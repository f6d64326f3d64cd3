import Cardea
import CardeaServer

/// Session JWTs. Whatever came over the wire is none, since nobody signed it; and of a header on the first line
/// and claims behind it, signed with our own key, what is taken is strict JSON that names our algorithm, issuer
/// and audience.
enum SessionProperties {
  private struct Parts {
    let primitives: SodiumPrimitives
    let key: Ed25519.PrivateKey
    let issuer: JWTSessions

    init?() {
      // RFC 8037, appendix A.1.
      let seed = Base64.decodeURL("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".utf8) ?? []
      guard let primitives = try? SodiumPrimitives(),
        let key = Ed25519.PrivateKey(seed: Secret(seed)),
        let issuer = try? JWTSessions(
          signingKeys: [key], lifetime: .seconds(300), extractors: [], primitives: primitives)
      else { return nil }
      self.primitives = primitives
      self.key = key
      self.issuer = issuer
    }
  }

  private static let parts = Parts()
  private static let now = Timestamp(milliseconds: 1_795_219_300_000)

  static func violation(of bytes: [UInt8]) -> String? {
    guard let parts else { return "there is no issuer" }
    _ = parts.issuer.recognizes(bytes.span)
    if (try? parts.issuer.read(Secret(bytes), at: now)) != nil { return "nobody signed this" }
    let lines = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    guard lines.count == 2 else { return nil }
    let input = "\(Base64.encodeURL(lines[0])).\(Base64.encodeURL(lines[1]))"
    let signature = parts.primitives.sign(Array(input.utf8), with: parts.key)
    let token = Secret(Array("\(input).\(Base64.encodeURL(signature.bytes))".utf8))
    guard let session = try? parts.issuer.read(token, at: now) else { return nil }
    guard case .object(let header)? = try? JSONReader.read(Array(lines[0])),
      header["alg"] == .string("EdDSA"), header.count == 3
    else { return "another header is taken" }
    guard case .object(let claims)? = try? JSONReader.read(Array(lines[1])),
      claims["iss"] == .string("cardea"), claims["aud"] == .string("cardea")
    else { return "other claims are taken" }
    return session.expiresAt > now ? nil : "an expired session is taken"
  }
}
