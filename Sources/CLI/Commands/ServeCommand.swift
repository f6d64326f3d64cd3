import ArgumentParser
import CardeaLifecycle
import CardeaServer
import CardeaWebhooks
import Logging

/// `cardea serve`: the HTTP server, until SIGTERM or SIGINT.
struct ServeCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answer authentication and management requests over HTTP.",
    discussion: """
      A store that does not exist yet is made only if stdout is a terminal or --init is given; its \
      first admin key's token is then printed, once. A file that exists, even an empty one, gets no \
      first key from here: that is what cardea init is for. memory: starts empty each time and always \
      gets one.

      SIGTERM and SIGINT finish the requests under way, write what was gathered and end with 0.

      Example:
        cardea serve --store sqlite:/var/lib/cardea/keys.sqlite3 --port 8420
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
  var host: String?

  @Option(help: ArgumentHelp("The port to listen on; 0 takes any free one.", valueName: "port"))
  var port: String?

  @Option(
    help: ArgumentHelp(
      "A Unix domain socket to listen on instead of address and port, for a proxy on this machine.",
      valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "A PEM file with the certificate to speak TLS with; needs a cardea with the trait TLS.",
      valueName: "path"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("A PEM file with the certificate's key.", valueName: "path"))
  var tlsKey: String?

  @Flag(
    name: .customLong("init"), help: "Make the store and its first admin key if there is no store.")
  var initializes = false

  func perform() async throws {
    let toolbox = Toolbox.current
    var flags = common.flags
    flags[SettingsTable.host.name] = host
    flags[SettingsTable.port.name] = port
    flags[SettingsTable.socket.name] = socket
    flags[SettingsTable.tlsCert.name] = tlsCert
    flags[SettingsTable.tlsKey.name] = tlsKey
    let composition = try Composition.make(config: common.config, flags: flags, toolbox: toolbox)
    let settings = composition.settings
    let console = settings.console(toolbox.console)
    let bootstraps = try shallBootstrap(composition, console)
    // Before a first key is made.
    try TLSSetup.read(settings)
    try checkListening(settings)
    try await composition.start(recording: true)
    let token = try await prepare(composition, bootstraps: bootstraps, console)
    try await listen(composition, token, console, toolbox)
  }

  private func checkListening(_ settings: Settings) throws {
    let socket = settings[SettingsTable.socket]
    if socket.isEmpty {
      return try ListeningCheck.run(
        host: settings[SettingsTable.host], port: settings[SettingsTable.port])
    }
    do throws(SocketFile.Fault) { try SocketFile.checkFree(socket) } catch {
      throw CommandFailure.usage(
        "the server can't listen on the socket: \(error)",
        remedy: "Name a path in a folder where this user may write, and where nothing else is.",
        field: SettingsTable.socket.name)
    }
  }

  /// Whether there is a first key to make.
  private func shallBootstrap(_ composition: Composition, _ console: Console) throws -> Bool {
    switch composition.store.presence {
    case .volatile: return true
    case .present: return false
    case .absent:
      guard initializes || console.outputIsTerminal else {
        throw CommandFailure.usage(
          "there is no store at \(StoreURL.shown(composition.settings[SettingsTable.storeURL]))",
          remedy:
            "Make it and its first admin key: \(common.command("init")). Or start with --init.",
          field: "store.url")
      }
      return true
    }
  }

  /// Makes the first key, or says that there is none. From here on the kernel has to be shut down.
  private func prepare(
    _ composition: Composition, bootstraps: Bool, _ console: Console
  ) async throws -> Secret? {
    let kernel = composition.kernel
    do {
      guard bootstraps else {
        if try await kernel.store.logHead().position == 0 {
          console.note(
            "cardea: the store has no key yet. Make the first with: \(common.command("init"))")
        } else if initializes {
          let url = composition.settings[SettingsTable.storeURL]
          console.note(
            "cardea: the store is there and its keys stay. Lost the admin token? Make another: "
              + "\(common.command("init", on: url)) --new-admin")
        }
        return nil
      }
      let issued = try await kernel.bootstrap(AdminKey.new(name: "admin"))
      let session = Session(
        composition: composition, console: console, json: common.json, colour: false)
      var file: TokenFile?
      try IssuedKeyOutput(session: session, verb: "made").hand(over: issued, to: &file)
      return issued.token
    } catch {
      await kernel.shutdown()
      throw error
    }
  }

  private func listen(
    _ composition: Composition, _ token: Secret?, _ console: Console, _ toolbox: Toolbox
  ) async throws {
    let settings = composition.settings
    let header = ServeCommand.header(settings)
    let isShown = !common.json && !settings.logsJSON
    let logger = settings.logger(toolbox.console)
    var configuration = settings.serverConfiguration
    let rows = SettingsTable.rows + toolbox.plugins.flatMap { PluginSettings($0).rows }
    configuration.settings = rows.map { row in
      ShownSetting(
        name: row.name, value: settings.shown(row) ?? "-",
        origin: settings.origin(row.name).description)
    }
    configuration.maxConnections = OpenFiles.allow(configuration.maxConnections)
    if configuration.maxConnections < settings[SettingsTable.maxConnections] {
      logger.warning(
        "\(configuration.maxConnections) connections at most: the system lets this process open no more files"
      )
    }
    let server = AuthServer(
      kernel: composition.kernel, configuration: configuration, logger: logger,
      metrics: composition.metrics,
      webhooks: settings[SettingsTable.webhooksEnabled]
        ? Webhooks(
          kernel: composition.kernel, options: settings.webhookOptions,
          metrics: composition.metrics, logger: logger) : nil
    ) { host, port in
      let socket = settings[SettingsTable.socket]
      let scheme = TLSSetup.files(settings) == nil ? "http" : "https"
      let address =
        socket.isEmpty
        ? "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)" : socket
      if isShown, let token, let header {
        console.note("Try it:")
        let target =
          socket.isEmpty
          ? "\(address)/auth" : "--unix-socket '\(socket)' \(scheme)://localhost/auth"
        console.noteWithToken("  curl -i -H '\(header)\(token.reveal())' \(target)")
      }
      if settings[SettingsTable.pageEnabled], socket.isEmpty {
        console.note("Admin page: \(address)/admin/")
      }
      if settings[SettingsTable.pageOwners], socket.isEmpty {
        console.note("Owners' page: \(address)/keys/")
      }
      console.note("cardea \(CardeaVersion.text) listens on \(address) (Ctrl-C ends it)")
    }
    do {
      try await server.run()
    } catch let fault as ConfigurationFault {
      // Files were well when the settings were looked at, and are not any more.
      throw SettingFaults([SettingFault(fault, origins: settings.origins)])
    } catch let faults as ConfigurationFaults {
      throw SettingFaults(faults.faults.map { SettingFault($0, origins: settings.origins) })
    } catch {
      let (host, port) = (settings[SettingsTable.host], settings[SettingsTable.port])
      throw CommandFailure.usage(
        "the server can't run on \(host):\(port): \(error)",
        remedy: "If another program took the port, take another with --port.",
        field: SettingsTable.port.name)
    }
  }

  /// What stands before the token in a request's header, as the settings have it.
  private static func header(_ settings: Settings) -> String? {
    if let name = settings[SettingsTable.headers].first { return "\(name): " }
    return settings[SettingsTable.schemes].first.map { "Authorization: \($0) " }
  }
}
