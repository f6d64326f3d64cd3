import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

/// Limits and lists as a client behind a proxy meets them.
@Suite("policies over HTTP")
struct PolicyRoutesTests {
  private static let proxies = ["127.0.0.1"].compactMap { CIDR($0) }

  private func headers(
    _ token: String?, _ method: String? = "GET", _ uri: String? = "/orders",
    from address: String? = "192.0.2.7"
  ) -> [(String, String)] {
    var headers: [(String, String)] = []
    if let token { headers.append(("X-API-Key", token)) }
    if let method { headers.append(("X-Forwarded-Method", method)) }
    if let uri { headers.append(("X-Forwarded-Uri", uri)) }
    if let address { headers.append(("X-Forwarded-For", address)) }
    return headers
  }

  @Test func aLimitIsToldOnEveryAnswerToAVerifiedKey() async throws {
    let policy = try RateLimitPolicy([
      RateLimitRule("minute 60/1m burst=3"), RateLimitRule("hour 1000/1h burst=100 by=owner"),
    ])
    try await ServerRig.run(plugins: [policy], server: { $0.trustedProxies = Self.proxies }) {
      rig in
      rig.clock.freeze()
      let token = try await rig.key().token
      for left in [2, 1, 0] {
        let answer = try await rig.client.request("GET", "/auth", headers: headers(token))
        #expect(answer.status == 200)
        #expect(answer.field("ratelimit-policy") == "\"minute\";q=60;w=60, \"hour\";q=1000;w=3600")
        #expect(
          answer.field("ratelimit") == "\"minute\";r=\(left);t=1, \"hour\";r=\(left + 97);t=4")
        #expect(answer.field("retry-after") == nil)
      }
      let limited = try await rig.client.request("GET", "/auth", headers: headers(token))
      #expect(limited.status == 429)
      #expect(limited.string("code") == "rate_limited")
      #expect(limited.string("policy") == "rate_limit")
      #expect(limited.field("retry-after") == "1")
      #expect(limited.field("ratelimit") == "\"minute\";r=0;t=1, \"hour\";r=97;t=4")
      // Strangers are told nothing of limits.
      for bad in [nil, "nonsense", token + "x", try wrongToken(under: token)] {
        let refused = try await rig.client.request("GET", "/auth", headers: headers(bad))
        #expect(refused.status == 401)
        #expect(!refused.fields.contains { $0.name.hasPrefix("ratelimit") })
      }
      // Nor is anybody whose key is no longer in force.
      let other = try await rig.key()
      #expect(
        try await rig.client.request("GET", "/auth", headers: headers(other.token))
          .field("ratelimit") != nil)
      _ = try await rig.client.json("POST", "/v1/keys/\(other.id)/revoke", token: rig.admin)
      let revoked = try await rig.client.request("GET", "/auth", headers: headers(other.token))
      #expect(revoked.status == 401)
      #expect(revoked.field("ratelimit") == nil)
      // The management API counts and tells likewise.
      let managed = try await rig.client.json("GET", "/v1/keys", token: rig.admin)
      #expect(managed.field("ratelimit")?.hasPrefix("\"minute\";r=1;") == true)
      rig.clock.advance(by: 1)
      #expect(try await rig.client.request("GET", "/auth", headers: headers(token)).status == 200)
    }
  }

  /// Every answer is counted by the client and by the limiter alike (U1).
  @Test func tenClientsAtOnceGetExactlyTheLimit() async throws {
    let policy = try RefillingQuotaPolicy([QuotaRule("calls 50 daily")])
    try await ServerRig.run(plugins: [policy]) { rig in
      // Else a thread that waits for its core inside the policy would run past the policy's deadline: counted and
      // denied.
      rig.clock.freeze()
      let token = try await rig.key().token
      let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<10 {
          group.addTask {
            var allowed = 0
            for _ in 0..<10 where try await rig.auth(token) == 200 { allowed += 1 }
            return allowed
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(allowed == 50)
    }
  }

  @Test func listsOfAddressesMethodsAndPathsOfAKeyAreObeyed() async throws {
    let plugins: [any Plugin] = [
      try AllowedAddressesPolicy(perKey: true), try AllowedRoutesPolicy(perKey: true),
    ]
    try await ServerRig.run(plugins: plugins, server: { $0.trustedProxies = Self.proxies }) {
      rig in
      let made = try await rig.client.json(
        "POST", "/v1/keys", token: rig.admin,
        #"""
        {"name": "narrow", "metadata": {"allowed_addresses": ["192.0.2.0/24", "2001:db8::/32"],
          "allowed_methods": ["GET"], "allowed_paths": ["/orders"]}}
        """#)
      #expect(made.status == 201)
      let token = try #require(made.string("token"))
      func code(_ headers: [(String, String)]) async throws -> String {
        let answer = try await rig.client.request("GET", "/auth", headers: headers)
        return answer.status == 200 ? "200" : "\(answer.status) \(answer.string("policy") ?? "")"
      }
      #expect(try await code(headers(token)) == "200")
      #expect(try await code(headers(token, from: "2001:db8::7")) == "200")
      #expect(
        try await code(headers(token, from: "198.51.100.1")) == "403 address_not_allowed")
      #expect(try await code(headers(token, from: nil)) == "403 unknown_address")
      #expect(try await code(headers(token, "POST")) == "403 method_not_allowed")
      #expect(try await code(headers(token, nil)) == "403 unknown_method")
      #expect(try await code(headers(token, "GET", "/admin")) == "403 path_not_allowed")
      #expect(try await code(headers(token, "GET", nil)) == "403 unknown_path")
      #expect(try await code(headers(token, "GET", "/orders/../admin")) == "403 unknown_path")
      // What can't be read is refused before it is stored, with the field named.
      for (metadata, field) in [
        (#"{"allowed_addresses": ["10.0.0.1/8"]}"#, "metadata.allowed_addresses"),
        (#"{"allowed_methods": "GET"}"#, "metadata.allowed_methods"),
        (#"{"allowed_paths": ["orders"]}"#, "metadata.allowed_paths"),
      ] {
        let create = try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "x", "metadata": \#(metadata)}"#)
        #expect(create.status == 400)
        #expect(create.string("field") == field)
        let edit = try await rig.client.json(
          "PATCH", "/v1/keys/\(made.object("key")["id"] as? String ?? "")", token: rig.admin,
          #"{"metadata": \#(metadata)}"#)
        #expect(edit.status == 400)
        #expect(edit.string("field") == field)
      }
    }
  }

  /// H7: only a trusted proxy says who the client is, read from the right.
  @Test func failedAttemptsAreCountedPerClientAddress() async throws {
    try await ServerRig.run(server: { $0.trustedProxies = Self.proxies }) { rig in
      let token = try await rig.key().token
      func status(_ from: String?) async throws -> Int {
        let answer = try await rig.client.request(
          "GET", "/auth", headers: headers(try wrongToken(under: token), from: from))
        if answer.status == 429 {
          #expect(answer.string("code") == "rate_limited")
          #expect(answer.field("retry-after") != nil)
          #expect(!answer.fields.contains { $0.name.hasPrefix("ratelimit") })
          #expect(answer.field("www-authenticate") == nil)
        }
        return answer.status
      }
      // What the client writes on the left changes nothing.
      var statuses: [Int] = []
      for number in 0..<12 { statuses.append(try await status("10.9.\(number).1, 192.0.2.7")) }
      #expect(statuses == Array(repeating: 401, count: 10) + [429, 429])
      #expect(try await status("192.0.2.8") == 401)
      #expect(try await status("192.0.2.7") == 429)
      // The same for a prefix that nobody has.
      statuses = []
      for _ in 0..<12 {
        let answer = try await rig.client.request(
          "GET", "/auth",
          headers: headers(try wrongToken(under: "tok_NOBODY00:"), from: "192.0.2.9"))
        statuses.append(answer.status)
      }
      #expect(statuses == Array(repeating: 401, count: 10) + [429, 429])
      // The owner is not locked out, from wherever.
      #expect(
        try await rig.client.request("GET", "/auth", headers: headers(token, from: "192.0.2.10"))
          .status == 200)
      #expect(
        try await rig.client.request("GET", "/auth", headers: headers(token)).status == 200,
        "and once the token is known, not even from the attacker's address")
      // Garbage is no address, never somebody else's, and never fatal.
      for garbage in ["unknown", "192.0.2.7, x", ",", "\u{7F}", "192.0.2.7:80", "é"] {
        let bytes = Array(garbage.utf8)
        // The parser refuses a request whose field holds a control character.
        let expected = garbage == "\u{7F}" ? 400 : 401
        for _ in 0..<2 { #expect(try await status(garbage) == expected, "\(bytes)") }
      }
    }
  }

  @Test func anUntrustedPeerThatForwardsHasNoAddress() async throws {
    try await ServerRig.run { rig in
      let token = try await rig.key().token
      for _ in 0..<30 {
        let answer = try await rig.client.request(
          "GET", "/auth", headers: headers(try wrongToken(under: token)))
        #expect(answer.status == 401)
      }
      let ready = try await rig.client.request("GET", "/readyz")
      #expect(ready.json["warnings"] as? [String] == ["no_client_address"])
    }
  }

  @Test func eachAndAnyOfSeveralScopesCanBeDemanded() async throws {
    try await ServerRig.run { rig in
      let token = try await rig.key {
        $0.scopes = ["write", "auth.add_user", "orders:*"]
      }.token
      let nothing = try await rig.key { $0.scopes = [] }.token
      for (query, status) in [
        ("scope=write&scope=auth.add_user", 200), ("scope=write&scope=read", 403),
        ("any_scope=write&any_scope=read", 200), ("any_scope=read&any_scope=admin", 403),
        ("any_scope=orders:read", 200), ("scope=orders:read:own", 200), ("scope=orders", 403),
        ("scope=write&any_scope=read", 403), ("scope=write&any_scope=read&any_scope=orders:a", 200),
      ] {
        let answer = try await rig.client.json("GET", "/auth?\(query)", token: token)
        #expect(answer.status == status, "\(query)")
        #expect(try await rig.client.json("GET", "/auth?\(query)", token: nothing).status == 403)
      }
      for query in ["any_scope=", "any_scope=a%20b", "any_scopes=a", "any_scope"] {
        #expect(
          try await rig.client.json("GET", "/auth?\(query)", token: token).status == 400, "\(query)"
        )
      }
    }
  }

  @Test func textsForStrangersAreOneUntilSomebodySetsThemApart() async throws {
    func details(
      _ change: @escaping (inout RefusalTexts) -> Void
    ) async throws -> [String?] {
      let found = Locked<[String?]>([])
      try await ServerRig.run(
        kernel: { change(&$0.refusalTexts) }, server: { $0.trustedProxies = Self.proxies }
      ) { rig in
        let token = try await rig.key().token
        let unknown = try wrongToken(under: "tok_NOBODY00:")
        var calls: [(String, String?)] = [
          ("/auth", nil), ("/auth", "nonsense"), ("/auth", unknown), ("/auth?scope=a", token),
        ]
        calls += Array(repeating: ("/auth", unknown), count: 10)
        var answers: [HTTPAnswer] = []
        for (target, token) in calls {
          answers.append(
            try await rig.client.request("GET", target, headers: headers(token)))
        }
        #expect(
          answers.map(\.status) == [401, 401, 401, 403] + Array(repeating: 401, count: 9) + [429])
        #expect(answers[1].body == answers[2].body)
        let shown = [answers[0], answers[1], answers[3], answers[13]].map { $0.string("detail") }
        found.withLock { $0 = shown }
      }
      return found.withLock { $0 }
    }
    #expect(try await details { _ in } == [nil, nil, nil, nil])
    #expect(
      try await details { $0.unauthenticated = "No." } == ["No.", "No.", nil, nil])
    #expect(
      try await details { $0.missing = "Bring one." }.prefix(2) == ["Bring one.", "Bring one."])
    #expect(
      try await details {
        $0.missing = "Bring one."
        $0.unauthenticated = "No."
        $0.byReason = [.insufficientScope: "Ask sales.", .rateLimited: "Slow down."]
      } == ["Bring one.", "No.", "Ask sales.", "Slow down."])
  }
}

/// A well-formed token of nobody's under the prefix that another one has.
func wrongToken(under token: String) throws -> String {
  try KeysmithFormat().build(
    TokenRequest(
      namespace: "tok", identifierLength: 8, secretLength: 32,
      prefix: String(token.prefix { $0 != ":" }), primitives: SodiumPrimitives())
  ).token.reveal()
}
