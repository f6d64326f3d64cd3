import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a ``SessionIssuer`` promises.
public struct SessionIssuerPromises: Sendable {
  private let make: @Sendable () throws -> any SessionIssuer

  /// - Parameter make: makes an issuer that can remember at least 16 sessions.
  public init(_ make: @escaping @Sendable () throws -> any SessionIssuer) { self.make = make }

  public var all: [Promise] {
    identityPromises(kind: "sessions") { try make() } + tokens + ends
  }

  private static let now = Timestamp(milliseconds: 1_795_219_260_000)

  /// A session of a minute ago that has four minutes left.
  private func request(_ number: Int = 1) -> SessionRequest {
    let identity = Identity.sample(number, scopes: ["orders:read", "stock:*"], owner: "acme")
    return SessionRequest(
      session: SessionFacts(
        id: Samples.id(number, 0x20), keyID: identity.keyID, prefix: identity.prefix,
        secretID: Samples.secret(number).id, scopes: identity.scopes,
        issuedAt: Timestamp(milliseconds: 1_795_219_200_000),
        expiresAt: Timestamp(milliseconds: 1_795_219_500_000)), identity: identity)
  }

  private func refusal(
    _ issuer: any SessionIssuer, _ token: Secret, at now: Timestamp = now
  ) -> SessionRefusal? {
    do throws(SessionRefusal) {
      _ = try issuer.read(token, at: now)
      return nil
    } catch { return error }
  }

  private var tokens: [Promise] {
    [
      Promise("reads back the session of a token") {
        let issuer = try make()
        for number in 1...4 {
          let request = request(number)
          let token = try issuer.issue(request)
          try require(token.withBytes { issuer.recognizes($0) }, "its own token is not recognized")
          try require(
            try issuer.read(token, at: SessionIssuerPromises.now), is: request.session,
            "the session")
          try require(
            issuer.refusal(of: request.session, at: SessionIssuerPromises.now) == nil,
            "an open session is refused")
        }
      },
      Promise("issues visible ASCII without a comma, at most 4096 bytes, each token once") {
        let issuer = try make()
        var seen: Set<String> = []
        for number in 1...4 {
          let text = try issuer.issue(request(number)).reveal()
          try require(seen.insert(text).inserted, "two sessions have one token")
          try require(
            (16...SessionFacts.tokenCapacity).contains(text.utf8.count)
              && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C },
            "a token can't stand in a header field")
        }
      },
      Promise("refuses every token with one character changed, added or missing") {
        let issuer = try make()
        let token = Array(try issuer.issue(request()).reveal().utf8)
        var others = [token + [0x41], token + [0x3D], [0x41] + token, token + [0x20]]
        for index in token.indices {
          for byte in [token[index] ^ 1, token[index] ^ 0x20, UInt8(ascii: "A")]
          where byte != token[index] {
            var other = token
            other[index] = byte
            others.append(other)
          }
          var shorter = token
          shorter.remove(at: index)
          if shorter != token { others.append(shorter) }
        }
        for other in others {
          try require(
            refusal(issuer, Secret(other)) != nil,
            "it takes \(String(decoding: other, as: UTF8.self))")
        }
      },
      Promise("refuses any other bytes without a trap") {
        let issuer = try make()
        let primitives = SamplePrimitives()
        var inputs = (0..<300).map { primitives.randomBytes($0) }
        inputs += ["", ".", "..", "eyJ..", "ses..", "tok_ab12CD34:secret"].map { Array($0.utf8) }
        inputs.append([UInt8](repeating: UInt8(ascii: "."), count: SessionFacts.tokenCapacity))
        for input in inputs {
          _ = input.withUnsafeBytes { issuer.recognizes(Span(_bytes: RawSpan(_unsafeBytes: $0))) }
          try require(refusal(issuer, Secret(input)) != nil, "it takes \(input)")
        }
      },
      Promise("does not recognize the tokens of keys") {
        let issuer = try make()
        for text in ["tok_ab12CD34:0123456789abcdef0123456789abcdef123456", "tok_ab_01", "x", ""] {
          try require(
            !Array(text.utf8).withUnsafeBytes {
              issuer.recognizes(Span(_bytes: RawSpan(_unsafeBytes: $0)))
            }, "it recognizes \"\(text)\"")
        }
      },
    ]
  }

  private var ends: [Promise] {
    [
      Promise("refuses a session from its expiry on") {
        let issuer = try make()
        let request = request()
        let token = try issuer.issue(request)
        let expiry = request.session.expiresAt
        let before = Timestamp(milliseconds: expiry.milliseconds - 1)
        try require(refusal(issuer, token, at: before) == nil, "it expires too early")
        try require(
          issuer.refusal(of: request.session, at: before) == nil, "it expires too early")
        try require(refusal(issuer, token, at: expiry) != nil, "an expired token is read")
        try require(
          issuer.refusal(of: request.session, at: expiry) != nil, "an expired session is open")
      },
      Promise("refuses a session once it was ended, and no other") {
        let issuer = try make()
        let (first, second) = (request(1), request(2))
        let token = try issuer.issue(first)
        let other = try issuer.issue(second)
        try issuer.end(first.session, at: SessionIssuerPromises.now)
        try issuer.end(first.session, at: SessionIssuerPromises.now)
        try require(refusal(issuer, token) != nil, "an ended session's token is read")
        try require(
          issuer.refusal(of: first.session, at: SessionIssuerPromises.now) != nil,
          "an ended session is open")
        issuer.noteUse(of: first.session, at: SessionIssuerPromises.now)
        try require(
          issuer.refusal(of: first.session, at: SessionIssuerPromises.now) != nil,
          "a use revives an ended session")
        try require(refusal(issuer, other) == nil, "another session ended too")
      },
    ]
  }
}
