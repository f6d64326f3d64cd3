import CardeaContracts
import CardeaServer
import CardeaWebhooks
import Logging

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension Settings {
  /// The server's log, on stderr.
  func logger(_ console: Console) -> Logger {
    let format = LogLineHandler.Format(rawValue: self[SettingsTable.logFormat]) ?? .text
    let level = Logger.Level(rawValue: self[SettingsTable.logLevel]) ?? .notice
    return Logger(label: "cardea") { _ in
      LogLineHandler(format: format, level: level) { console.note($0) }
    }
  }

  var logsJSON: Bool { self[SettingsTable.logFormat] == LogLineHandler.Format.json.rawValue }

  /// Where the server explains itself. Where lines are read by machines, explanations are lines of the log.
  func console(_ console: Console) -> Console {
    guard logsJSON else { return console }
    let logger = logger(console)
    return Console { text, descriptor in
      guard descriptor == STDERR_FILENO else { return Console.write(text, to: descriptor) }
      logger.notice("\(text.split(separator: "\n").joined(separator: " "))")
      return 0
    }
  }

  /// What the server is configured with.
  package var serverConfiguration: ServerConfiguration {
    var server = ServerConfiguration()
    server.host = self[SettingsTable.host]
    server.port = self[SettingsTable.port]
    let socket = self[SettingsTable.socket]
    server.socket = socket.isEmpty ? nil : socket
    server.tls = TLSSetup.files(self)
    server.maxConnections = self[SettingsTable.maxConnections]
    server.requestTimeout = self[SettingsTable.requestTimeout]
    server.idleTimeout = self[SettingsTable.idleTimeout]
    server.trustedProxies = self[SettingsTable.trustedProxies].compactMap { CIDR($0) }
    server.queryCredentials = self[SettingsTable.query]
    server.readsForms = !self[SettingsTable.form].isEmpty
    server.leakReports = self[SettingsTable.leakReports]
    server.maxSignalStreams = self[SettingsTable.maxStreams]
    server.signalHeartbeat = self[SettingsTable.heartbeat]
    server.signalWriteTimeout = self[SettingsTable.writeTimeout]
    server.pageEnabled = self[SettingsTable.pageEnabled]
    server.pageHosts = self[SettingsTable.pageHosts]
    server.pageSessionTTL = self[SettingsTable.pageSessionTTL]
    server.pageSessionMaxAge = self[SettingsTable.pageSessionMaxAge]
    server.pageMaxSessions = self[SettingsTable.pageMaxSessions]
    server.pageOwners = self[SettingsTable.pageOwners]
    server.pageName = self[SettingsTable.pageName]
    server.pageColour = PageColour(self[SettingsTable.pageColour])
    server.pageFrameAncestors = self[SettingsTable.pageFrameAncestors]
    let templates = self[SettingsTable.pageTemplates]
    server.pageTemplates = templates.isEmpty ? nil : templates
    server.version = CardeaVersion.text
    return server
  }

  /// How webhooks are delivered.
  var webhookOptions: WebhookOptions {
    var options = WebhookOptions()
    options.allow = self[SettingsTable.webhooksAllow].compactMap { CIDR($0) }
    options.timeout = self[SettingsTable.webhooksTimeout]
    options.maxEndpoints = self[SettingsTable.webhooksMax]
    options.concurrency = self[SettingsTable.webhooksConcurrency]
    options.retryFor = self[SettingsTable.webhooksRetryFor]
    options.caFile = self[SettingsTable.webhooksCAFile]
    return options
  }
}
