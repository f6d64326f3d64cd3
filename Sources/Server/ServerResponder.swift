import CardeaHTTPTypes
import CardeaKernel
import CardeaWebhooks
import HTTPTypes
import Hummingbird
import Logging
import Tracing

/// Answers every request: finds the route, turns whatever it throws into a problem, and adds what
/// every response carries.
final class ServerResponder: HTTPResponder {
  typealias Context = ServerContext

  let kernel: AuthKernel
  let configuration: ServerConfiguration
  private let pages: ServedPages
  private let instruments: Instruments
  /// Whether only a request itself can say that it is part of a trace.
  let isUntraced: Bool
  let addresses = AddressWatch()
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
    isUntraced = instruments.areOurs && InstrumentationContext.current == nil
    var table = RouteTable()
    AuthRoutes(kernel: kernel).add(to: &table)
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
    HealthRoutes.add(to: &table, certificate: certificate, webhooks: webhooks)
    if let metrics { MetricsRoutes.add(to: &table, metrics, kernel: kernel) }
    ContractRoutes.add(to: &table)
    pages.add(to: &table, feed: feed, history: history)
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
    log(exchange.logger, request.method, exchange.route, response.status, since: began)
    span.note(request, route: exchange.route, status: response.status)
    return response
  }

  /// One line per request. Neither path nor query, which may hold what nobody should have sent there, nor a method
  /// of the client's own making.
  func log(
    _ logger: Logger, _ method: HTTPRequest.Method, _ route: String?, _ status: HTTPResponse.Status,
    since began: UInt64
  ) {
    guard logger.logLevel <= .info else { return }
    let microseconds = (kernel.clock.monotonic() &- began) / 1_000
    logger.info(
      "request",
      metadata: [
        "method": "\(method.telemetryName)",
        "route": "\(route ?? "-")",
        "status": .stringConvertible(status.code),
        "duration_ms": .stringConvertible(Double(microseconds) / 1_000),
      ])
  }

  private func exchange(
    _ request: Request, _ context: ServerContext, _ trace: TraceParent?
  ) -> Exchange {
    let arrival = Arrival(request.head, peer: context.peer, configuration, kernel.redactionOfIDs)
    let logger = arrival.logger(context.logger, trace)
    arrival.client.note(in: logger)
    return Exchange(
      request: request, arrival: arrival, kernel: kernel, configuration: configuration,
      logger: logger, connection: context.connection, addresses: addresses,
      limits: kernel.hasPolicies ? AnswerLimits() : nil)
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
