import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `ANY /auth`: the forward-auth endpoint that a proxy asks before it lets a request through.
///
/// 200 with who is asking in four headers, or 401, 403, 429, 503. What is required comes from our
/// own query, which the proxy's configuration writes: `?scope=orders:read&scope=orders:write` demands
/// both, `?any_scope=orders:read&any_scope=orders:write` either, `class=internal` that class.
enum AuthRoutes {
  static func add(to table: inout RouteTable, addresses: AddressWatch) {
    table.any("/auth") { exchange in
      addresses.note(exchange.client, exchange.logger)
      let requirement = try requirement(exchange.target.query)
      let view = ForwardedRequest(exchange, form: try await form(of: exchange))
      switch await exchange.kernel.authenticate(view, requiring: requirement) {
      case .allow(let identity): return Response(status: .ok, headers: fields(of: identity))
      case .deny(let denial): throw denial
      }
    }
  }

  /// An unknown name is refused: a misspelt requirement must not become none.
  private static func requirement(_ query: Substring?) throws(Problem) -> Requirement {
    guard let query else { return .none }
    guard let items = FormItems(query: query).all() else {
      throw Problem(status: 400, code: "invalid", detail: "the query is not percent-encoded UTF-8")
    }
    var requirement = Requirement.none
    for (name, value) in items {
      switch name {
      case "scope":
        guard ScopeSet.isValid(value) else { throw .invalid("scope", "is no scope name") }
        requirement.scopes.append(value)
      case "any_scope":
        guard ScopeSet.isValid(value) else { throw .invalid("any_scope", "is no scope name") }
        requirement.anyScopes.append(value)
      case "class":
        guard requirement.keyClass == nil, !value.isEmpty else {
          throw .invalid("class", "is empty or given twice")
        }
        requirement.keyClass = value
      default: throw .invalid(String(name.prefix(64)), "no such query parameter")
      }
    }
    return requirement
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
