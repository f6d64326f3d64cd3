import CardeaContracts

/// A public key as others are told it: an Ed25519 key as JSON Web Key (RFC 8037, section 2).
public struct JSONWebKey: Sendable, Equatable {
  public let publicKey: Ed25519.PublicKey
  /// The key's thumbprint (RFC 7638; RFC 8037, appendix A.3): the same wherever the key is used.
  public let id: String
  private let x: String

  public init(_ publicKey: Ed25519.PublicKey, primitives: any Primitives) {
    self.publicKey = publicKey
    x = Base64.encodeURL(publicKey.bytes)
    let required = #"{"crv":"Ed25519","kty":"OKP","x":"\#(x)"}"#
    id = Base64.encodeURL(primitives.sha256(Array(required.utf8)).bytes)
  }

  /// Nothing in it needs escaping: fixed names and base64url.
  public var json: String {
    #"{"alg":"EdDSA","crv":"Ed25519","kid":"\#(id)","kty":"OKP","use":"sig","x":"\#(x)"}"#
  }
}
