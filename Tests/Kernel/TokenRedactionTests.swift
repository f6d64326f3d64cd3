import CardeaFormats
import CardeaLifecycle
import CardeaSodium
import Testing

@testable import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tokens where no token belongs, before they get into logs.
@Suite struct TokenRedactionTests {
  private static let formats: [any TokenFormat] = [
    KeysmithFormat(), UnderscoreFormat(), DottedFormat(),
  ]
  private let redaction = TokenRedaction(formats)
  private let notes = TokenRedaction(formats, unchecked: .tokenIfRandom)

  private func token(
    _ format: any TokenFormat, _ namespace: String = "tok"
  ) throws -> (text: String, secret: String) {
    // What looks random has digits and letters of both cases; one in 250 has no digit.
    while true {
      let built = try format.build(
        TokenRequest(
          namespace: namespace, identifierLength: 8, secretLength: 32,
          primitives: try SodiumPrimitives()))
      let text = built.token.reveal()
      let secret = String(text.split { $0 == ":" || $0 == "_" || $0 == "." }.last ?? "")
      if secret.contains(where: \.isNumber), secret.contains(where: \.isLowercase),
        secret.contains(where: \.isUppercase)
      {
        return (text, secret)
      }
    }
  }

  @Test(arguments: [
    "X", "/a/X/b", "x (X)", "./X.txt:1:3", "key-X", "Bearer X.", "Basic:X", "a%20X", "/X_old",
    "\"X\"", "say \\nX", "üXü", "a=X&b=X", "{\"a\":\"X\"}",
  ])
  func aTokenIsFoundWhereverItStands(_ frame: String) throws {
    var tokens = try TokenRedactionTests.formats.map { try token($0) }
    tokens.append(try token(UnderscoreFormat(), "a_very_longnamespacename"))
    tokens.append(try token(KeysmithFormat(), "acme/prod"))
    for (token, secret) in tokens {
      let text = frame.replacing("X", with: token)
      let all = token.utf8.map { "%" + String($0, radix: 16) }.joined()
      for text in [
        text, text.replacing(":", with: "%3A").replacing("_", with: "%5f"),
        frame.replacing("X", with: all),
      ] {
        for redaction in [redaction, notes] {
          let clean = redaction.text(text)
          #expect(!clean.contains(secret) && !clean.contains(all), "\(clean)")
          #expect(clean.contains(TokenRedaction.mark))
          #expect(redaction.holdsToken(text))
        }
      }
    }
  }

  @Test func whatStandsAroundATokenStays() throws {
    let (text, _) = try token(KeysmithFormat())
    #expect(redaction.text("/a/\(text)/b?c=\(text)") == "/a/<token>/b?c=<token>")
    #expect(redaction.text("/a%20b/\(text)%2Fc%zz") == "/a%20b/<token>%2Fc%zz")
    #expect(redaction.text("\(text) \(text)", limit: 10) == "<token> <t")
    // Cut or mistyped, it tells nearly as much.
    #expect(redaction.text("/\(text.dropLast(9))") == "/<token>")
  }

  @Test(arguments: [
    "", "%", "/a%2", "/auth", "tok_ab12CD34", "0123456789abcdef0123456789abcdef",
    "/v1/orders/0190c8e2-5d5e-7000-8000-000000000000", "sha256:0123456789abcdef0123456789abcdef",
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
    "Apache-HttpClient/4.5.13 (Java/11.0.20)", "/static/main.a1b2c3d4e5f6a7b8c9d0.js",
    "some_name_that_is_long_0123456789abcdefghijkl",
  ])
  func whatIsNoTokenStays(_ text: String) {
    for redaction in [redaction, notes] {
      #expect(redaction.text(text) == text)
      #expect(!redaction.holdsToken(text))
    }
  }

  @Test func aNameWithADotIsNoTokenWhereNamesAreUsual() {
    #expect(notes.text("policy.timeOfDayRestriction") == "policy.timeOfDayRestriction")
    #expect(redaction.text("policy.timeOfDayRestriction") == "<token>")
  }

  /// What is made to take long is taken for a token unseen, whatever it is.
  @Test func noTextTakesLong() throws {
    let evil = String(repeating: "a-0123456789abcdef_", count: 5_000)
    #expect(redaction.text(evil).hasSuffix(TokenRedaction.mark))
    let (text, secret) = try token(UnderscoreFormat())
    #expect(!redaction.text("\(evil)/\(text)").contains(secret))
  }

  // MARK: In the kernel

  private final class Sink: AuditSink {
    let id = "audit.test"
    let events = Collected<AccessEvent>()
    func record(_ new: [AccessEvent]) { for event in new { events.append(event) } }
  }

  @Test func noEventHoldsATokenThatStandsWhereNoneBelongs() async throws {  // H6
    let sink = Sink()
    let rig = try await Rig(plugins: {
      $0.use(sink)
      $0.use(DottedFormat())
    })
    let heard = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "t", .queue(bound: 100, overflow: .dropNewest)
    ) { heard.append("\($0)") }
    let own = try await rig.key()
    var secrets: [String] = []
    for format in TokenRedactionTests.formats {
      let (text, secret) = try token(format)
      secrets.append(secret)
      var call = Call([("x-api-key", own.token.reveal()), ("user-agent", "x (\(text))")])
      call.method = text
      call.path = "/a/\(text)"
      _ = await rig.kernel.authenticate(call)
      #expect(rig.kernel.authenticateIfWarm(call)?.identity != nil)
      call.headers.removeFirst()
      _ = await rig.kernel.authenticate(call)
      let facts = RequestFacts(
        method: text, path: "/\(text)", userAgent: text, requestID: text)
      _ = await rig.kernel.verify(token: own.token, facts: facts)
      await rig.kernel.recordLogOut(
        of: UUID(), keyID: nil, prefix: nil, owner: nil, request: facts)
    }
    await rig.kernel.drain()
    #expect(sink.events.all.count == 15)
    #expect(
      sink.events.all.prefix(3).map(\.request.path) == ["/a/<token>", "/a/<token>", "/a/<token>"])
    let payloads = sink.events.all.map { AccessPayload($0).json }
    #expect(AccessPayload.path(in: payloads[0]) == "/a/<token>")
    let texts =
      heard.all + sink.events.all.map { "\($0)" }
      + payloads.map { String(decoding: $0, as: UTF8.self) }
    for secret in secrets {
      for text in texts { #expect(!text.contains(secret)) }
    }
  }

  /// Policies judge the request as it is.
  @Test func aPolicySeesThePathAsItIs() async throws {
    let (text, _) = try token(KeysmithFormat())
    let seen = Collected<String>()
    let rig = try await Rig(plugins: {
      $0.use(policy: "policy.test") { context in
        seen.append(context.request.path)
        return .pass
      }
    })
    let own = try await rig.key()
    var call = Call(own.token)
    call.path = "/\(text)"
    _ = await rig.kernel.authenticate(call)
    #expect(seen.all.contains("/\(text)"))
  }

  @Test func noTokenIsAnIdempotencyKey() async throws {
    let rig = try await Rig()
    let own = try await rig.key()
    var new = NewKey(name: "b")
    new.idempotency = IdempotencyClaim(key: own.token.reveal(), bodyDigest: [1])
    await #expect {
      _ = try await rig.kernel.createKey(new, by: .host)
    } throws: { error in
      (error as? LifecycleError)?.field == "Idempotency-Key"
    }
    new.idempotency = IdempotencyClaim(key: UUID().uuidString, bodyDigest: [1])
    _ = try await rig.kernel.createKey(new, by: .host)
  }
}
