import CardeaHTTPTypes
import CardeaLifecycle
import Hummingbird

/// `POST /v1/verify`: the verdict on a token that somebody else received. Needs `cardea:verify`.
///
/// Policies judge the request that the body tells of; what it does not tell is unknown to them, and
/// our own method and path stand in for nothing. `explain` makes it a rehearsal: every check with its
/// outcome, counted against no limit and recorded nowhere.
enum VerifyRoutes {
  static func add(to table: inout RouteTable) {
    let names: Set<String> = [
      "token", "scopes", "any_scopes", "class", "method", "path", "ip", "explain",
    ]
    table.post("/v1/verify", body: .required(names)) { exchange in
      let (_, body) = try await exchange.received(granting: "cardea:verify")
      let fields = try body.fields()
      let token = Secret(Array(try fields.requiredString("token").utf8))
      let requirement = Requirement(
        scopes: try scopes(fields, "scopes"), anyScopes: try scopes(fields, "any_scopes"),
        keyClass: try fields.string("class"))
      let facts = RequestFacts(
        method: try fields.string("method") ?? "", path: try path(fields),
        clientAddress: try address(fields), requestID: exchange.requestID)
      guard try fields.boolean("explain") ?? false else {
        let verdict = await exchange.kernel.verify(
          token: token, facts: facts, requiring: requirement)
        return try answer(verdict, nil, exchange)
      }
      let explanation = await exchange.kernel.explain(
        token: token, facts: facts, requiring: requirement)
      return try answer(explanation.verdict, explanation, exchange)
    }
  }

  private static func answer(
    _ verdict: Verdict, _ explanation: Explanation?, _ exchange: Exchange
  ) throws -> Response {
    switch verdict {
    case .allow(let identity):
      let key = KeyResource(identity.stored, at: exchange.now)
      return try .json(VerifyResource(.valid(key, identity.session), explanation))
    case .deny(let denial):
      // That nothing could be found out is no verdict on the token.
      if denial.category == .unavailable, explanation == nil { throw denial }
      return try .json(VerifyResource(.invalid(denial.reason), explanation))
    }
  }

  private static func scopes(_ fields: BodyFields, _ name: String) throws(Problem) -> [String] {
    let scopes = try fields.strings(name) ?? []
    guard scopes.allSatisfy(ScopeSet.isValid) else {
      throw Problem.invalid(name, "one of them is no scope name")
    }
    return scopes
  }

  private static func path(_ fields: BodyFields) throws(Problem) -> String {
    guard let path = try fields.string("path") else { return "" }
    guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(UInt8(ascii: "?")) else {
      throw .invalid("path", "must begin with / and have no query")
    }
    return path
  }

  private static func address(_ fields: BodyFields) throws(Problem) -> String? {
    guard let text = try fields.string("ip") else { return nil }
    guard let address = IPAddress(text) else { throw .invalid("ip", "must be an IP address") }
    return address.description
  }
}
