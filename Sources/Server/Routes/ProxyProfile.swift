/// A proxy whose way of asking has a path of its own.
///
/// - nginx's `auth_request` takes nothing but 2xx, 401 and 403, and opens a new connection after
///   each answer with a body: see ``AuthAnswer/init(forNginx:)``.
/// - Envoy's `ext_authz` asks with the client's own method, and with the client's target behind a
///   fixed path: see ``AuthQuestion/init(envoy:)``.
/// - Caddy's `forward_auth`, Traefik's ForwardAuth and HAProxy's auth-request hand on what they are
///   answered, and tell the original request in `X-Forwarded-Method` and `X-Forwarded-Uri`, as
///   nginx is configured to.
enum ProxyProfile: String {
  case nginx, caddy, traefik, envoy, haproxy

  var path: String { "/auth/\(rawValue)" }

  /// Those that are answered as `/auth` itself answers.
  static let withFields: [ProxyProfile] = [.caddy, .traefik, .haproxy]
}
