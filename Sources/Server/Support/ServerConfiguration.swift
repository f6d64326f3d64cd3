import CardeaContracts

/// The server's settings; the names in comments are those of the settings file.
public struct ServerConfiguration: Sendable, Equatable {
  /// `server.host`: the address or name to listen on.
  public var host = "127.0.0.1"
  /// `server.port`; 0 takes a free one.
  public var port = 8420
  /// `server.socket`: the Unix domain socket to listen on instead of an address. Whoever may open it is a proxy
  /// that is believed: the group of its file, mode 0660.
  public var socket: String?
  /// `server.tls_cert` and `server.tls_key`: what to speak TLS with, HTTP/2 included; needs the package trait `TLS`.
  public var tls: TLSFiles?
  /// `server.max_connections`: connections at once; the next one is accepted when one has gone.
  public var maxConnections = 10_000
  /// `server.request_timeout`: how long a client may take over a request's head, and then over its body.
  public var requestTimeout: Duration = .seconds(30)
  /// `server.trusted_proxies`: peers whose forwarding headers are believed.
  public var trustedProxies: [CIDR] = []
  /// The longest request body in bytes; a longer one is answered 413.
  public var maxBodyBytes = 65_536
  /// Whether `application/x-www-form-urlencoded` bodies are read for a form extractor.
  public var readsForms = false
  /// Names of query items that extractors read tokens from, so that listings do not refuse them.
  public var queryCredentials: [String] = []
  /// How long requests under way may take to finish once the server was told to stop.
  public var shutdownDeadline: Duration = .seconds(20)
  /// `server.idle_timeout`: how long a connection may stay idle between requests.
  public var idleTimeout: Duration = .seconds(75)
  /// `limits.leak_reports`: reports to `POST /v1/leaked` from one address; `nil` is no limit.
  public var leakReports = Rate(60, per: .seconds(60))
  /// `signals.max_streams`: answers to `GET /v1/signals` at once; one more is answered 503.
  public var maxSignalStreams = 1_000
  /// `signals.heartbeat`: how often a stream shows that it lives, and its key is looked at.
  public var signalHeartbeat: Duration = .seconds(15)
  /// `signals.write_timeout`: how long a stream's client may take nothing before it is dropped.
  public var signalWriteTimeout: Duration = .seconds(30)
  /// `page.enabled`: whether there is a page for people at `/admin/`.
  public var pageEnabled = true
  /// `page.hosts`: the names under which it answers, besides addresses and `localhost`.
  public var pageHosts: [String] = []
  /// `page.session_ttl`: how long a session on the page lives without being used.
  public var pageSessionTTL: Duration = .seconds(1_800)
  /// `page.session_max_age`: how long it lives altogether.
  public var pageSessionMaxAge: Duration = .seconds(43_200)
  /// `page.max_sessions`: sessions at once, on each of the two pages; the one used least lately goes.
  public var pageMaxSessions = 10_000
  /// `page.owners`: whether owners have a page of their own at `/keys/`.
  public var pageOwners = true
  /// `page.name`: what the owners' page is called at its top.
  public var pageName = "Cardea"
  /// `page.colour`: the host application's colour, on the owners' page.
  public var pageColour: PageColour?
  /// `page.frame_ancestors`: origins whose pages may have the owners' page in a frame.
  public var pageFrameAncestors: [String] = []
  /// `page.templates`: a folder whose files stand in for the built-in templates of the same name.
  public var pageTemplates: String?
  /// Whether requests of `/auth` without a body are answered without Hummingbird: no setting, since nobody is to tell
  /// but by the time.
  package var answersPromptly = true
  /// What the page shows of the settings; no secrets.
  public var settings: [ShownSetting] = []
  /// The version of the program, for its log.
  public var version = ""

  public init() {}
}
