import CardeaHTTPTypes
import CardeaKernel
import Hummingbird

/// `ANY /auth` and `/auth/PROXY`: the forward-auth endpoint that a proxy asks before it lets a request
/// through.
///
/// 200 with who is asking in four headers, or 401, 403, 429, 503: see ``AuthAnswer``. What is required
/// comes from our own target, which the proxy's configuration writes, never from the client's: see
/// ``AuthQuestion``. What a proxy's profile changes is told by ``ProxyProfile``.
struct AuthRoutes: Sendable {
  let kernel: AuthKernel

  /// What a request asks, or why that can't be read.
  private typealias Reader = @Sendable (Arrival) throws -> AuthQuestion

  func add(to table: inout RouteTable) {
    let byQuery: Reader = { try AuthQuestion(query: $0.target.query) }
    let byPath: Reader = { try AuthQuestion(envoy: $0) }
    for path in ["/auth"] + ProxyProfile.withFields.map(\.path) {
      table.any(path, query: QueryNames.auth, prompt: { promptAnswer($0, byQuery) }) { exchange in
        try await answer(exchange, byQuery).response
      }
    }
    table.any(
      ProxyProfile.nginx.path, query: QueryNames.auth, prompt: { promptAnswer($0, byQuery, .nginx) }
    ) { exchange in
      do {
        return try await answer(exchange, byQuery, .nginx).response
      } catch {
        guard let refusal = Refusal(thrown: error, in: exchange) else { throw error }
        return AuthAnswer(forNginx: refusal).response
      }
    }
    table.anyBelow(ProxyProfile.envoy.path, prompt: { promptAnswer($0, byPath) }) { exchange in
      try await answer(exchange, byPath).response
    }
  }

  private func answer(
    _ exchange: Exchange, _ read: Reader, _ profile: ProxyProfile? = nil
  ) async throws -> AuthAnswer {
    exchange.addresses.note(exchange.client, exchange.logger)
    let question = try read(exchange.arrival)
    let view = ForwardedRequest(
      exchange.arrival, question.original, form: try await form(of: exchange))
    let verdict = await kernel.authenticate(view, requiring: question.requirement)
    return answer(to: exchange.requestID, verdict, profile)
  }

  /// The same of a request without a body, now or once it is decided and recorded. What asks nothing that can be read is
  /// left to the other way, which says why.
  private func promptAnswer(
    _ arrival: Arrival, _ read: Reader, _ profile: ProxyProfile? = nil
  ) -> Prompt<AuthAnswer>? {
    guard let question = try? read(arrival) else { return nil }
    let view = ForwardedRequest(arrival, question.original)
    let requestID = arrival.requestID
    return switch kernel.authenticatePromptly(view, requiring: question.requirement) {
    case .settled(let verdict): .now(answer(to: requestID, verdict, profile))
    case .pending(let verdict): .later(verdict) { answer(to: requestID, $0, profile) }
    }
  }

  private func answer(
    to requestID: String, _ verdict: Verdict, _ profile: ProxyProfile?
  ) -> AuthAnswer {
    AuthAnswer(verdict, to: requestID, profile, texts: kernel.configuration.refusalTexts)
  }

  private func form(of exchange: Exchange) async throws -> String? {
    guard exchange.configuration.readsForms,
      case .one(let type) = exchange.request.headers.value(of: "content-type"),
      MediaTypeName(type) == .form
    else { return nil }
    return String(validating: try await exchange.bytes(), as: UTF8.self)
  }
}
