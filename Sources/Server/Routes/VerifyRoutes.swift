import CardeaHTTPTypes
import CardeaKernel
import Hummingbird

/// `POST /v1/verify`: the verdict on a token that somebody else received. Needs `cardea:verify`.
enum VerifyRoutes {
  static func add(to table: inout RouteTable) {
    table.post("/v1/verify") { exchange in
      let (_, body) = try await exchange.received(granting: "cardea:verify")
      let fields = try body.fields(["token", "scopes", "ip"])
      let token = Secret(Array(try fields.requiredString("token").utf8))
      let scopes = try fields.strings("scopes") ?? []
      guard scopes.allSatisfy(ScopeSet.isValid) else {
        throw Problem.invalid("scopes", "one of them is no scope name")
      }
      let facts = RequestFacts(
        method: exchange.request.method.rawValue, path: String(exchange.target.path),
        clientAddress: try address(fields), requestID: exchange.requestID)
      let verdict = await exchange.kernel.verify(
        token: token, facts: facts, requiring: Requirement(scopes: scopes))
      switch verdict {
      case .allow(let identity):
        return try .json(
          VerifyResource.valid(KeyResource(identity.stored, at: exchange.now), identity.session))
      case .deny(let denial):
        // That nothing could be found out is no verdict on the token.
        if denial.category == .unavailable { throw denial }
        return try .json(VerifyResource.invalid(denial.reason))
      }
    }
  }

  private static func address(_ fields: BodyFields) throws(Problem) -> String? {
    guard let text = try fields.string("ip") else { return nil }
    guard let address = IPAddress(text) else { throw .invalid("ip", "must be an IP address") }
    return address.description
  }
}
