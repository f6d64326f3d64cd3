import Cardea
import CardeaTestSupport
import Testing

/// `POST /v1/leaked`: a real token ends its key, and nobody learns from the answer whether it was one.
@Suite("POST /v1/leaked")
struct LeakRoutesTests {
  private func report(_ token: String, _ rig: ServerRig) async throws -> HTTPAnswer {
    try await rig.client.json("POST", "/v1/leaked", #"{"token": "\#(token)"}"#)
  }

  private func state(_ id: String, _ rig: ServerRig) async throws -> String? {
    try await rig.client.json("GET", "/v1/keys/\(id)", token: rig.admin).string("state")
  }

  @Test func aRealTokenEndsItsKeyAndTheAnswerIsTheSameEitherWay() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("leaked")
      let other = try await rig.key("other")
      let wrong = String(other.token.dropLast(7)) + "0000000"
      let answers = [
        try await report(key.token, rig), try await report(key.token, rig),
        try await report(wrong, rig), try await report("nonsense", rig),
        try await report(String(repeating: "x", count: 5_000), rig),
      ]
      #expect(Set(answers.map(\.status)) == [202])
      #expect(Set(answers.map(\.text)) == [#"{"status":"received"}"#])
      // But for the date and the request's id, the heads are one, too.
      #expect(Set(answers.map(\.comparableFields)).count == 1)
      #expect(try await state(key.id, rig) == "revoked")
      #expect(try await state(other.id, rig) == "active")
      let used = try await rig.client.json("GET", "/v1/self", token: key.token)
      #expect(used.status == 401)
      let log = try await rig.client.json("GET", "/v1/audit?action=key_revoked", token: rig.admin)
      #expect(log.text.contains(#""actor":"leak-report""#), "\(log.text)")
      #expect(!log.text.contains(key.token))
    }
  }

  @Test func bothSecretsOfARotationAndKeysThatDoNotWorkAreReported() async throws {
    try await ServerRig.run { rig in
      let rotated = try await rig.key("rotated")
      _ = try await rig.client.json(
        "POST", "/v1/keys/\(rotated.id)/rotate", token: rig.admin, #"{"overlap": "1h"}"#)
      #expect(try await report(rotated.token, rig).status == 202)
      #expect(try await state(rotated.id, rig) == "revoked")
      let suspended = try await rig.key("suspended")
      _ = try await rig.client.json(
        "POST", "/v1/keys/\(suspended.id)/suspend", token: rig.admin)
      #expect(try await report(suspended.token, rig).status == 202)
      #expect(try await state(suspended.id, rig) == "revoked")
      let purged = try await rig.key("purged")
      _ = try await rig.client.json("POST", "/v1/keys/\(purged.id)/purge", token: rig.admin)
      #expect(try await report(purged.token, rig).status == 202)
      #expect(try await state(purged.id, rig) == "purged")
    }
  }

  /// Who has only a token that a rotation ended has nothing to end a key with.
  @Test func aTokenThatWasRotatedOutEndsNothing() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("rotated")
      func rotate(_ body: String) async throws -> String? {
        try await rig.client.json(
          "POST", "/v1/keys/\(key.id)/rotate", token: rig.admin, body
        ).string("token")
      }
      let second = try #require(try await rotate(#"{"overlap": "1h"}"#))
      rig.clock.advance(by: 3_601)
      #expect(try await report(key.token, rig).status == 202)
      #expect(try await state(key.id, rig) == "active")
      _ = try await rotate("{}")
      #expect(try await report(second, rig).status == 202)
      #expect(try await state(key.id, rig) == "active")
    }
  }

  @Test func theAdminsTokenMayBeReportedToo() async throws {
    try await ServerRig.run { rig in
      let answer = try await report(rig.admin, rig)
      #expect(answer.status == 202)
      #expect(try await rig.client.json("GET", "/v1/self", token: rig.admin).status == 401)
    }
  }

  /// Reports are limited by their address (of an IPv6 client its /64), whatever they hold, and what is over the
  /// limit ends nothing.
  @Test func reportsAreLimitedByAddress() async throws {
    try await ServerRig.run(server: {
      $0.leakReports = Rate(3, per: .seconds(3_600))
      $0.trustedProxies = [CIDR("127.0.0.0/8")].compactMap { $0 }
    }) { rig in
      let key = try await rig.key("leaked")
      func report(_ token: String, from address: String) async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/leaked", #"{"token": "\#(token)"}"#,
          headers: [("X-Forwarded-For", address)])
      }
      for (one, same, another) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
      ] {
        for _ in 0..<3 { #expect(try await report("nonsense", from: one).status == 202) }
        let over = try await report(key.token, from: same)
        #expect(over.status == 429)
        #expect(over.string("policy") == "leak_reports")
        #expect(over.field("retry-after") != nil)
        #expect(try await report("nonsense", from: another).status == 202)
      }
      #expect(try await state(key.id, rig) == "active")
      #expect(try await report(key.token, from: "192.0.2.3").status == 202)
      #expect(try await state(key.id, rig) == "revoked")
    }
  }

  /// As everywhere: wrong tokens on a prefix are limited before anything is hashed.
  @Test func aReportIsAGuessLikeAnyOther() async throws {
    try await ServerRig.run(
      kernel: {
        $0.failedPerPrefixAndAddress = Rate(2, per: .seconds(60))
      },
      server: {
        $0.trustedProxies = [CIDR("127.0.0.0/8")].compactMap { $0 }
      }
    ) { rig in
      let key = try await rig.key("guessed")
      let prefix = String(key.token.prefix { $0 != ":" })
      /// The status of a report of a well-formed token with another secret.
      func guess() async throws -> Int {
        let built = try KeysmithFormat().build(
          TokenRequest(
            namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
            primitives: rig.kernel.primitives))
        return try await rig.client.json(
          "POST", "/v1/leaked", #"{"token": "\#(built.token.reveal())"}"#,
          headers: [("X-Forwarded-For", "192.0.2.1")]
        ).status
      }
      #expect(try await guess() == 202)
      #expect(try await guess() == 202)
      #expect(try await guess() == 429)
      #expect(try await state(key.id, rig) == "active")
    }
  }

  @Test(arguments: [
    ("{}", "token"), (#"{"token": 5}"#, "token"), (#"{"token": "a", "other": 1}"#, "other"),
  ])
  func aBadBodyIsRefusedByItsField(_ body: String, _ field: String) async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.json("POST", "/v1/leaked", body)
      #expect(answer.status == 400)
      #expect(answer.string("field") == field)
    }
  }
}
