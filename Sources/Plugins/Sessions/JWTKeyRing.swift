import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The keys of session tokens: the first signs, what any of them has signed is accepted. Each token's header is one that
/// a key here has, byte for byte.
struct JWTKeyRing: Sendable {
  /// The JSON Web Key Set (RFC 7517) of the public keys.
  let keySet: [UInt8]
  private let signingKey: Ed25519.PrivateKey
  private let keys: [Key]
  private let primitives: any Primitives

  /// A key, and the header of what is signed with it, encoded.
  private struct Key: Sendable {
    let jwk: JSONWebKey
    let header: [UInt8]

    init(_ jwk: JSONWebKey) {
      self.jwk = jwk
      header = Array(
        Base64.encodeURL(#"{"alg":"EdDSA","kid":"\#(jwk.id)","typ":"JWT"}"#.utf8).utf8)
    }
  }

  /// - Parameter given: the first signs; without any, a key is drawn.
  init(
    _ given: [Ed25519.PrivateKey], primitives: any Primitives
  ) throws(ConfigurationFault) {
    var all = given
    if all.isEmpty, let drawn = Ed25519.PrivateKey(seed: Secret(primitives.randomBytes(32))) {
      all = [drawn]
    }
    guard let first = all.first else {
      throw ConfigurationFault(
        plugin: "sessions.jwt", setting: "sessions.signing_key_files",
        problem: "no key could be drawn", remedy: "Name a file with a key.")
    }
    let jwks = all.map { JSONWebKey(primitives.publicKey(of: $0), primitives: primitives) }
    for (index, jwk) in jwks.enumerated() where jwks[..<index].contains(jwk) {
      throw ConfigurationFault(
        plugin: "sessions.jwt", setting: "sessions.signing_key_files", value: jwk.id,
        problem: "this key is there twice", remedy: "Name each key once.")
    }
    signingKey = first
    keys = jwks.map { Key($0) }
    keySet = Array(#"{"keys":[\#(jwks.map(\.json).joined(separator: ","))]}"#.utf8)
    self.primitives = primitives
  }

  /// The header of what the first key signs, encoded.
  var header: [UInt8] { keys[0].header }

  /// The first key's signature.
  func sign(_ message: [UInt8]) -> Ed25519.Signature {
    primitives.sign(message, with: signingKey)
  }

  /// The key whose header this is.
  func publicKey(
    ofHeader encoded: ArraySlice<UInt8>
  ) throws(SessionRefusal) -> Ed25519.PublicKey {
    guard let key = keys.first(where: { encoded.elementsEqual($0.header) }) else {
      throw refusal(ofHeader: encoded)
    }
    return key.jwk.publicKey
  }

  /// What is wrong with a header that is none of ours.
  private func refusal(ofHeader encoded: ArraySlice<UInt8>) -> SessionRefusal {
    struct Header: Decodable {
      let alg: String?
      let kid: String?
      let typ: String?
    }
    guard let json = Base64.decodeURL(encoded),
      let header = try? JSONDecoder().decode(Header.self, from: Data(json))
    else { return .malformed }
    if header.alg != "EdDSA" { return .algorithm }
    if header.typ != "JWT" { return .type }
    return keys.contains { $0.jwk.id == header.kid } ? .malformed : .key
  }
}
