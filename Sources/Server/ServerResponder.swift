import CardeaHTTPTypes
import CardeaKernel
import CardeaWebhooks
import HTTPTypes
import Hummingbird

/// Answers every request: finds the route, turns whatever it throws into a problem, and adds what
/// every response carries.
final class ServerResponder: HTTPResponder {
  typealias Context = ServerContext

  private let kernel: AuthKernel
  private let configuration: ServerConfiguration
  private let pages: ServedPages
  private let instruments: Instruments
  let routes: RouteTable

  init(
    kernel: AuthKernel, configuration: ServerConfiguration, metrics: PrometheusMetrics?,
    feed: SignalFeed, webhooks: Webhooks?, pages: ServedPages, history: TrafficHistory? = nil,
    certificate: CurrentCertificate? = nil
  ) {
    self.kernel = kernel
    self.configuration = configuration
    self.pages = pages
    instruments = .active
    var table = RouteTable()
    let addresses = AddressWatch()
    AuthRoutes.add(to: &table, addresses: addresses)
    VerifyRoutes.add(to: &table)
    KeyRoutes.add(to: &table, idempotency: IdempotencyTable())
    BulkRoutes.add(to: &table)
    SelfRoutes.add(to: &table)
    OwnerRoutes.add(to: &table)
    if let sessions = kernel.sessions { SessionRoutes.add(to: &table, sessions) }
    LeakRoutes.add(to: &table, ReportLimit(configuration.leakReports, kernel))
    AuditRoutes.add(to: &table)
    SignalRoutes.add(to: &table, feed)
    if let webhooks { WebhookRoutes.add(to: &table, webhooks) }
    HealthRoutes.add(to: &table, addresses: addresses, certificate: certificate)
    if let metrics { MetricsRoutes.add(to: &table, metrics, kernel: kernel) }
    ContractRoutes.add(to: &table)
    pages.add(to: &table, addresses: addresses, feed: feed, history: history)
    routes = table
  }

  func respond(to request: Request, context: ServerContext) async throws -> Response {
    let span = RequestSpan(request, instruments)
    return try await span.run { try await respond(to: request, context, in: span) }
  }

  private func respond(
    to request: Request, _ context: ServerContext, in span: RequestSpan
  ) async throws -> Response {
    let began = kernel.clock.monotonic()
    var exchange = exchange(request, context, span.trace)
    var response: Response
    do {
      response = try await answer(&exchange)
    } catch {
      guard let refusal = Refusal(thrown: error, in: exchange) else {
        throw (error as? BrokenBody)?.cause ?? error
      }
      response = Response(refusal)
    }
    if request.method == .head { response = response.createHeadResponse() }
    response.addCommonFields(requestID: exchange.requestID)
    if let limits = exchange.limits { response.headers.add(limits.all) }
    log(exchange, response, since: began)
    span.note(request, route: exchange.route, status: response.status)
    return response
  }

  /// One line per request. Neither path nor query, which may hold what nobody should have sent there, nor a method
  /// of the client's own making.
  private func log(_ exchange: Exchange, _ response: Response, since began: UInt64) {
    guard exchange.logger.logLevel <= .info else { return }
    let microseconds = (kernel.clock.monotonic() &- began) / 1_000
    exchange.logger.info(
      "request",
      metadata: [
        "method": "\(exchange.request.method.telemetryName)",
        "route": "\(exchange.route ?? "-")",
        "status": .stringConvertible(response.status.code),
        "duration_ms": .stringConvertible(Double(microseconds) / 1_000),
      ])
  }

  private func exchange(
    _ request: Request, _ context: ServerContext, _ trace: TraceParent?
  ) -> Exchange {
    let client = ClientAddress(
      peer: context.peer, isLocalProxy: configuration.socket != nil, fields: request.headers,
      trusted: configuration.trustedProxies)
    var givenID: String?
    if case .one(let id) = request.headers.value(of: "x-request-id") { givenID = id }
    let requestID = RequestID.accepted(givenID)
    var logger = context.logger
    logger[metadataKey: "hb.request.id"] = nil
    logger[metadataKey: "request_id"] = "\(requestID)"
    if let trace {
      logger[metadataKey: "trace_id"] = "\(trace.traceID)"
      logger[metadataKey: "span_id"] = "\(trace.parentID)"
    }
    let exchange = Exchange(
      request: request, target: RequestTarget(request.head.path ?? ""),
      requestID: requestID, client: client, kernel: kernel,
      configuration: configuration, logger: logger, connection: context.connection,
      limits: kernel.hasPolicies ? AnswerLimits() : nil)
    if let fault = client.fault {
      exchange.logger.debug("X-Forwarded-For has \(fault)")
    }
    return exchange
  }

  private func answer(_ exchange: inout Exchange) async throws -> Response {
    guard exchange.target.path.utf8.first == UInt8(ascii: "/") else {
      throw Problem(
        status: 400, code: "invalid", detail: "the request's target must be a path")
    }
    switch routes.match(exchange.request.method, exchange.target.path) {
    case .route(let route, let id):
      exchange.route = route.path
      exchange.pathID = id
      exchange.takes = route.takes
      return try await route.handler(exchange)
    case .otherMethod(let allowed):
      let problem = Problem(status: 405, code: "method_not_allowed")
      var response = pages.refusal(problem, exchange) ?? Response(problem, in: exchange)
      response.headers[.allow] = allowed
      return response
    case .none:
      if let response = pages.refusal(.notFound, exchange) { return response }
      throw Problem.notFound
    }
  }
}
