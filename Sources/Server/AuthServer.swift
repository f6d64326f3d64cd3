import CardeaKernel
import CardeaWebhooks
import CoreMetrics
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP server: forward auth for proxies, verification and management over a kernel.
///
/// ```swift
/// try await kernel.start()
/// try await AuthServer(kernel: kernel).run()
/// ```
public struct AuthServer: Sendable {
  private let kernel: AuthKernel
  private let configuration: ServerConfiguration
  private let logger: Logger
  private let metrics: PrometheusMetrics?
  private let webhooks: Webhooks?
  private let onListening: @Sendable (_ host: String, _ port: Int) async -> Void
  private let mask = SocketMask()

  /// - Parameters:
  ///   - kernel: a kernel that was started.
  ///   - logger: requests are logged at `info` by route, without path and query; no token ever is.
  ///   - metrics: what `/metrics` shows; without, there is no such route. The kernel's part needs a kernel that
  ///     was made with a ``MetricsMeter`` of it.
  ///   - webhooks: the kernel's webhooks; without, none is delivered and there are no such routes.
  ///   - onListening: called once, with the address and port that the server listens on; for a
  ///     ``ServerConfiguration/socket`` with its path and 0.
  public init(
    kernel: AuthKernel, configuration: ServerConfiguration = ServerConfiguration(),
    logger: Logger = Logger(label: "cardea.server"), metrics: PrometheusMetrics? = nil,
    webhooks: Webhooks? = nil,
    onListening: @escaping @Sendable (_ host: String, _ port: Int) async -> Void = { _, _ in }
  ) {
    self.kernel = kernel
    self.configuration = configuration
    self.logger = logger
    self.metrics = metrics
    self.webhooks = webhooks
    self.onListening = onListening
  }

  /// Serves until SIGTERM, SIGINT or cancellation; then finishes the requests under way, at most
  /// for ``ServerConfiguration/shutdownDeadline``, and shuts the kernel down, which flushes what it
  /// gathered.
  /// - Throws: if the address can't be listened on; a ``ConfigurationFault`` if there is something wrong with
  ///   ``ServerConfiguration/tls``.
  public func run() async throws {
    warnIfExposed()
    do {
      if let socket = configuration.socket {
        mask.set()
        try SocketFile.checkFree(socket)
      }
      try await ServiceGroup(configuration: services()).run()
    } catch {
      mask.restore()
      await kernel.shutdown()
      throw error
    }
    await kernel.shutdown()
  }

  private func services() throws -> ServiceGroupConfiguration {
    let feed = SignalFeed(kernel, configuration, metrics ?? NOOPMetricsHandler.instance)
    let certificate = try configuration.tls.map { try CurrentCertificate($0, kernel.clock, logger) }
    let pages = try ServedPages(kernel, configuration, webhooks: webhooks)
    let history = configuration.pageEnabled ? metrics.map { TrafficHistory(kernel, $0) } : nil
    var services: [any Service] = [
      try application(feed, pages, history, certificate), feed, AuditWatch(kernel, logger),
      NodeWatch(kernel, logger),
    ]
    if let history { services.append(history) }
    if let certificate { services.append(certificate) }
    if let webhooks { services.append(WebhookService(webhooks: webhooks)) }
    var group = ServiceGroupConfiguration(
      // The last is told to stop first: a server whose streams go on would not come to its end.
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = configuration.shutdownDeadline
    return group
  }

  private func application(
    _ feed: SignalFeed, _ pages: ServedPages, _ history: TrafficHistory?,
    _ certificate: CurrentCertificate?
  ) throws -> some ApplicationProtocol {
    let timeout = configuration.requestTimeout
    // A stream's own time limit comes first: it tells why, and counts.
    let writeTimeout = max(
      timeout, (configuration.signalWriteTimeout + configuration.signalHeartbeat) * 2)
    // Far above what API clients send, far below what would cost memory: 32 KiB and 128 header
    // fields.
    let channel = HTTP1Channel.Configuration(
      additionalChannelHandlers: [
        ParserAnswers(), RequestDeadline(timeout, writing: writeTimeout),
      ],
      idleTimeout: TimeAmount(configuration.idleTimeout),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 32_768, maxHeaderListSize: 32_768, maxHeaderFieldCount: 128))
    let (onListening, mask) = (onListening, mask)
    let responder = ServerResponder(
      kernel: kernel, configuration: configuration, metrics: metrics, feed: feed,
      webhooks: webhooks, pages: pages, history: history, certificate: certificate)
    return Application(
      responder: responder,
      server: server(channel, certificate, prompt: configuration.answersPromptly ? responder : nil),
      configuration: ApplicationConfiguration(
        address: configuration.socket.map { .unixDomainSocket(path: $0) }
          ?? .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: logger)),
      onServerRunning: { [socket = configuration.socket] channel in
        mask.restore()
        if let socket { return await onListening(socket, 0) }
        guard let address = channel.localAddress, let port = address.port else { return }
        await onListening(address.ipAddress ?? "", port)
      },
      logger: logger)
  }

  private func server(
    _ channel: HTTP1Channel.Configuration, _ certificate: CurrentCertificate?,
    prompt: ServerResponder?
  ) -> HTTPServerBuilder {
    #if TLS
      if let certificate {
        return HTTPServerBuilder { [configuration] responder in
          TLSServerChannel(
            certificate, configuration, channel, prompt: prompt, responder: responder)
        }
      }
    #endif
    return HTTPServerBuilder { ServerChannel(channel, prompt: prompt, responder: $0) }
  }

  /// Tokens cross the network in clear unless something in front speaks TLS.
  private func warnIfExposed() {
    let isLoopback =
      configuration.host == "localhost" || IPAddress(configuration.host)?.isLoopback ?? false
    guard configuration.socket == nil, configuration.tls == nil, !isLoopback,
      configuration.trustedProxies.isEmpty
    else { return }
    logger.warning(
      """
      listening on \(configuration.host) without TLS or a trusted proxy: tokens cross the network \
      in clear. Put a proxy that speaks TLS in front and name it in server.trusted_proxies.
      """)
  }
}
