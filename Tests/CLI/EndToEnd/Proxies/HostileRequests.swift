import CardeaTestSupport

/// Requests that try to be somebody, or to get past the question who they are: identity headers in every
/// spelling, credentials twice, targets with several readings, framing with several readings, and all of it
/// mixed. The same seed gives the same requests.
struct HostileRequests {
  struct Request {
    let number: Int
    let bytes: [UInt8]
    /// The one token that it presents, if any.
    let presented: IssuedToken?

    /// For the report of a failure.
    var text: String { String(decoding: bytes.prefix(1_500), as: UTF8.self).debugDescription }
  }

  let alice: IssuedToken
  let nobody: IssuedToken
  private var random: SplitMix64

  init(seed: UInt64, alice: IssuedToken, nobody: IssuedToken) {
    random = SplitMix64(seed: seed)
    self.alice = alice
    self.nobody = nobody
  }

  mutating func next(_ number: Int) -> Request {
    let presented = one(of: [alice, nobody, nil])
    let credentials = credentials(presented)
    var lines = credentials + forwarding()
    for _ in 0..<Int.random(in: 1...4, using: &random) { lines.append(identityLine()) }
    if chance(10) {
      lines += (0..<Int.random(in: 20...150, using: &random)).map { _ in "X-Cardea-Owner: mallory" }
    }
    lines.shuffle(using: &random)
    let (framing, body, keepsOpen) = framing(number)
    // Last, so that no folded line becomes a part of it.
    let connection = keepsOpen ? "" : connection()
    lines += framing + (keepsOpen ? [] : [connection])
    let version = chance(15) ? "HTTP/1.0" : "HTTP/1.1"
    let method = one(of: [
      "GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND",
    ])
    let head =
      (["\(method) \(target(number)) \(version)", "Host: \(host())"] + lines)
      .joined(separator: "\r\n") + "\r\n\r\n"
    return Request(
      number: number, bytes: Array((head + body).utf8),
      presented: presented ?? left(of: credentials, after: connection))
  }

  /// The token that is left of two where `Connection` names the other's field: what it names ends at the proxy
  /// (RFC 9110, section 7.6.1).
  private func left(of credentials: [String], after connection: String) -> IssuedToken? {
    let connection = connection.lowercased()
    let left = credentials.filter { line in
      !connection.contains(line.prefix { $0 != ":" }.lowercased())
    }
    guard left.count == 1, left.count < credentials.count else { return nil }
    return [alice, nobody].first { left[0].hasSuffix(" \($0.token)") }
  }

  // MARK: Who it claims to be

  private mutating func identityLine() -> String {
    "\(identityName()):\(one(of: [" ", "", "\t", "  "]))\(identityValue())"
  }

  private mutating func identityName() -> String {
    let words = one(of: [
      ["X", "Cardea", "Key", "Id"], ["X", "Cardea", "Key", "Prefix"], ["X", "Cardea", "Owner"],
      ["X", "Cardea", "Scopes"], ["X", "Cardea", "Status"], ["X", "Cardea", "Code"],
    ])
    // RFC 9110, section 5.6.2: the signs that a name may hold.
    let signs = Array("-----____....!#$%&'*+^`|~").map(String.init)
    var name = words[0]
    for word in words.dropFirst() { name += one(of: signs) + word }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: name = name.uppercased()
    case 1: name = name.lowercased()
    case 2: name = String(name.map { chance(50) ? Character($0.uppercased()) : $0 })
    default: break
    }
    guard chance(7) else { return name }
    return one(of: [
      "\(name) ", " \(name)", "\t\(name)", "\(name)\t", "\(name)\u{0}", "\(name)é", "\"\(name)\"",
      "\(name)\u{b}", "X-Other: a\n\(name)", "X-Other: a\r\(name)", ":\(name)", "(\(name))",
    ])
  }

  private mutating func identityValue() -> String {
    // What a proxy refuses altogether comes seldom, so that most requests get further.
    if chance(7) {
      return one(of: [
        "mallory\u{0}", "müller", "a\rX-Cardea-Owner: mallory", "a\nX-Cardea-Owner: mallory",
        String(repeating: "m", count: 9_000), "m\u{7f}",
      ])
    }
    return one(of: [
      "mallory", "root", "", " ", "cardea:admin", "alice,mallory", "alice\tmallory", "\"alice\"",
      "a%0d%0aX-Cardea-Owner: mallory", String(repeating: "m", count: 2_000),
      alice.identity["x-cardea-key-id"] ?? "", alice.identity["x-cardea-owner"] ?? "",
      alice.identity["x-cardea-scopes"] ?? "", nobody.identity["x-cardea-key-prefix"] ?? "",
      "{http.request.header.X-API-Key}", "$http_x_api_key", "${jndi:ldap://127.0.0.1/}",
    ])
  }

  // MARK: What it presents

  private mutating func credentials(_ presented: IssuedToken?) -> [String] {
    guard let presented else {
      return one(of: [
        [], [], ["X-API-Key: nonsense"], ["X-API-Key:"], ["Authorization: Bearer x"],
        ["X-API-Key: \(alice.token.dropLast())x"],
        // Two that differ, or one that is a list: nobody's.
        ["X-API-Key: \(alice.token)", "X-API-Key: \(nobody.token)"],
        ["X-API-Key: \(alice.token)", "Authorization: Api-Key \(nobody.token)"],
        ["X-API-Key: \(alice.token), \(nobody.token)"],
        ["X-API-Key: \(alice.token)", "X-API-Key: \(alice.token)"],
      ])
    }
    let token = presented.token
    return one(of: [
      ["X-API-Key: \(token)"], ["x-api-key: \(token)"], ["X-KEYSMITH-TOKEN: \(token)"],
      ["X-Api-Authorization: \(token)"], ["Authorization: Api-Key \(token)"],
      ["Authorization: bearer \(token)"],
      ["X-API-Key: \(token)", "Authorization: Bearer \(token)"],
      ["X-API-Key: \(token)", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30."],
    ])
  }

  // MARK: Where it claims to come from and to go to

  private mutating func forwarding() -> [String] {
    guard chance(40) else { return [] }
    return one(of: [
      ["X-Forwarded-For: 192.0.2.1"], ["X-Forwarded-For: \u{0}", "X-Forwarded-For: x"],
      ["X-Forwarded-Method: GET"], ["X-Forwarded-Uri: /health"],
      ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /health", "X-Forwarded-Uri: /orders/1"],
      ["X_Forwarded_Uri: /health", "X.Forwarded.Method: GET"], ["X-Original-URL: /health"],
      ["X-Rewrite-URL: /health"], ["X-Original-Method: GET"], ["X-HTTP-Method-Override: GET"],
      ["Forwarded: for=192.0.2.1;host=health"], ["X-Real-IP: 127.0.0.1"],
      ["X-Forwarded-Host: localhost"], ["X-Accel-Redirect: /_cardea/"], ["X-Request-Id: a b"],
    ])
  }

  private mutating func target(_ number: Int) -> String {
    let path = one(of: [
      "/orders/1", "/orders/1", "/orders/1", "/", "/other", "/health", "/health/",
      "/health/../orders/1",
      "/orders/../health", "/other/../health", "/./health", "//health", "/%68ealth", "/health%2f",
      "/health%2f..%2forders/1", "/health;x=/orders/1", "//orders//1", "/orders%2f1", "/%6frders/1",
      "/orders/..%2fhealth", "/orders/%2e%2e/health", "/ORDERS/1", "/x/..;/orders/1", "/_cardea/",
      "/_cardea/scope=orders:read", "/_cardea", "/auth/caddy", "/@cardea_denied",
      "http://service.example/orders/1", "http://other/health", "/health/../../orders/1",
    ])
    let tail = one(of: ["", "", "&X-Cardea-Owner=mallory", "&a=%0d%0aX-Cardea-Owner:%20mallory"])
    return "\(path)?probe=\(number)\(tail)"
  }

  private mutating func host() -> String {
    one(of: ["service.example", "service.example", "localhost", "127.0.0.1:8420", "x", "health"])
  }

  // MARK: How it is framed

  /// Always with `close`, so that an answer's end is seen.
  private mutating func connection() -> String {
    guard chance(25) else { return "Connection: close" }
    return one(of: [
      "Connection: close, X-Cardea-Owner", "Connection: close, x-cardea-key-id, X-Cardea-Scopes",
      "connection: X-Cardea-Key-Prefix,close", "Connection: close, X-API-Key",
      "Connection: close, X-Forwarded-For, X-Forwarded-Uri, X-Forwarded-Method",
      "Connection: close, Authorization, Content-Length",
      "Connection: close\r\nConnection: X-Cardea-Owner, close",
      "Connection: close, Upgrade\r\nUpgrade: websocket",
      "Connection: close, Upgrade\r\nUpgrade: h2c",
    ])
  }

  private mutating func framing(
    _ number: Int
  ) -> (lines: [String], body: String, keepsOpen: Bool) {
    let identity = identityLine()
    let second =
      "GET /orders/2?probe=\(number) HTTP/1.1\r\nHost: x\r\n\(identity)\r\nConnection: close\r\n\r\n"
    switch Int.random(in: 0..<14, using: &random) {
    case 0: return (["Content-Length: 5"], "hello", false)
    case 1: return (["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n", false)
    case 2:
      return (
        ["Transfer-Encoding: chunked", "Trailer: X-Cardea-Owner"],
        "5\r\nhello\r\n0\r\nX-Cardea-Owner: mallory\r\n\(identity)\r\n\r\n", false
      )
    // A second request behind the first, which asks for itself.
    case 3: return ([], second, true)
    // One that only one of two readers sees.
    case 4:
      return (["Content-Length: \(second.utf8.count)"], second, false)
    case 5:
      return (
        ["Content-Length: \(second.utf8.count + 5)", "Transfer-Encoding: chunked"],
        "0\r\n\r\n\(second)", false
      )
    case 6:
      return (["Transfer-Encoding: xchunked"], "0\r\n\r\n\(second)", false)
    case 7:
      return (["Transfer-Encoding : chunked"], "0\r\n\r\n\(second)", false)
    case 8: return (["Content-Length: 0", "Content-Length: 5"], "hello\(second)", false)
    case 9: return (["Content-Length: +5"], "hello", false)
    default: return ([], "", false)
    }
  }

  // MARK: Chance

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &random) < percent
  }

  private mutating func one<Value>(of values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }
}
