import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `ANY /auth` and `/auth/PROXY`: the forward-auth endpoint that a proxy asks before it lets a request
/// through.
///
/// 200 with who is asking in four headers, or 401, 403, 429, 503. What is required comes from our
/// own target, which the proxy's configuration writes, never from the client's: see
/// ``AuthQuestion``. What a proxy's profile changes is told by ``ProxyProfile``.
enum AuthRoutes {
  static func add(to table: inout RouteTable, addresses: AddressWatch) {
    for path in ["/auth"] + ProxyProfile.withFields.map(\.path) {
      table.any(path, query: QueryNames.auth) { exchange in
        addresses.note(exchange.client, exchange.logger)
        return try await answer(exchange, try AuthQuestion(query: exchange.target.query))
      }
    }
    table.any(ProxyProfile.nginx.path, query: QueryNames.auth) { exchange in
      addresses.note(exchange.client, exchange.logger)
      do {
        return try await answer(exchange, try AuthQuestion(query: exchange.target.query))
      } catch {
        guard let refusal = Refusal(thrown: error, in: exchange) else { throw error }
        return Response(forNginx: refusal)
      }
    }
    table.anyBelow(ProxyProfile.envoy.path) { exchange in
      addresses.note(exchange.client, exchange.logger)
      return try await answer(exchange, try AuthQuestion(envoy: exchange))
    }
  }

  private static func answer(
    _ exchange: Exchange, _ question: AuthQuestion
  ) async throws -> Response {
    let view = ForwardedRequest(exchange, question.original, form: try await form(of: exchange))
    switch await exchange.kernel.authenticate(view, requiring: question.requirement) {
    case .allow(let identity): return Response(status: .ok, headers: fields(of: identity))
    case .deny(let denial): throw denial
    }
  }

  private static func form(of exchange: Exchange) async throws -> String? {
    guard exchange.configuration.readsForms,
      case .one(let type) = exchange.request.headers.value(of: "content-type"),
      MediaTypeName(type) == .form
    else { return nil }
    return String(validating: try await exchange.bytes(), as: UTF8.self)
  }

  /// Always all four, so that a proxy overwrites whatever a client sent under these names.
  private static func fields(of identity: Identity) -> HTTPFields {
    var fields = HTTPFields()
    fields.reserveCapacity(8)
    fields[keyID] = identity.keyID.text
    fields[keyPrefix] = identity.prefix
    fields[owner] = encoded(identity.owner ?? "")
    fields[scopes] = identity.scopes.names.joined(separator: " ")
    fields.add(identity.limits)
    return fields
  }

  private static let keyID = HTTPField.Name(known: "X-Cardea-Key-Id")
  private static let keyPrefix = HTTPField.Name(known: "X-Cardea-Key-Prefix")
  private static let owner = HTTPField.Name(known: "X-Cardea-Owner")
  private static let scopes = HTTPField.Name(known: "X-Cardea-Scopes")

  /// Percent-encodes what an owner's name may only hold if it was imported: anything but visible
  /// ASCII, and comma, quotes and `%`.
  private static func encoded(_ name: String) -> String {
    let isPlain: (UInt8) -> Bool = {
      $0 > 0x20 && $0 < 0x7F && $0 != 0x2C && $0 != 0x22 && $0 != 0x27 && $0 != 0x25
    }
    if name.utf8.allSatisfy(isPlain) { return name }
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
