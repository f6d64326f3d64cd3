import CardeaContracts
import CardeaHTTPTypes
import CardeaHummingbird
import HTTPTypes
import Hummingbird

/// What a proxy is answered, before it is a response: who is asking in four fields, or the refusal.
struct AuthAnswer: Sendable {
  private let content: Content
  /// Empty where there is none.
  let body: [UInt8]

  private enum Content: Sendable {
    case allowed(Identity)
    case refused(HTTPResponse.Status, HTTPFields)
  }

  /// - Parameters:
  ///   - profile: the proxy's; `nil` for what `/auth` itself answers.
  ///   - texts: what refused clients are told.
  init(
    _ verdict: Verdict, to requestID: String, _ profile: ProxyProfile?,
    texts: @autoclosure () -> RefusalTexts
  ) {
    switch verdict {
    case .allow(let identity):
      self.init(.allowed(identity))
    case .deny(let denial):
      let refusal = Refusal(denial, texts: texts(), requestID: requestID)
      if profile == .nginx {
        self.init(forNginx: refusal)
      } else {
        self.init(
          .refused(refusal.head.status, refusal.head.headerFields), body: refusal.body)
      }
    }
  }

  private init(_ content: Content, body: [UInt8] = []) {
    self.content = content
    self.body = body
  }

  /// A refusal as nginx's `auth_request` can take it: 401 or 403, without a body.
  ///
  /// It makes 500 of any other status, and closes its connection to us after an answer with a body.
  /// The status that was meant stands in `X-Cardea-Status` and the problem's code in
  /// `X-Cardea-Code`, from which the configuration in `deploy/nginx` makes the client's answer.
  init(forNginx refusal: Refusal) {
    var fields = refusal.head.headerFields
    fields[.contentType] = nil
    fields[.xCardeaStatus] = String(refusal.problem.status)
    fields[.xCardeaCode] = refusal.problem.code
    self.init(.refused(refusal.problem.status == 401 ? .unauthorized : .forbidden, fields))
  }

  /// Who is asking; `nil` if it is refused.
  var identity: Identity? {
    if case .allowed(let identity) = content { identity } else { nil }
  }

  var status: HTTPResponse.Status {
    switch content {
    case .allowed: .ok
    case .refused(let status, _): status
    }
  }

  /// As Hummingbird writes it.
  var response: Response {
    switch content {
    case .allowed(let identity):
      Response(status: .ok, headers: AuthAnswer.fields(of: identity))
    case .refused(let status, let fields):
      Response(
        status: status, headers: fields,
        body: body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
  }

  /// Always all four, so that a proxy overwrites whatever a client sent under these names.
  private static func fields(of identity: Identity) -> HTTPFields {
    var fields = HTTPFields()
    // With those that every answer has, and the limits'.
    fields.reserveCapacity(12)
    fields[.xCardeaKeyID] = identity.keyID.text
    fields[.xCardeaKeyPrefix] = identity.prefix
    fields[.xCardeaOwner] = encoded(identity.owner ?? "")
    fields[.xCardeaScopes] = identity.scopes.names.joined(separator: " ")
    fields.add(identity.limits)
    return fields
  }

  /// Percent-encodes what an owner's name may only hold if it was imported: anything but visible
  /// ASCII, and comma, quotes and `%`.
  static func encoded(_ name: String) -> String {
    name.percentEncoded {
      $0 > 0x20 && $0 < 0x7F && $0 != 0x2C && $0 != 0x22 && $0 != 0x27 && $0 != 0x25
    }
  }
}

extension HTTPField.Name {
  static let xCardeaKeyID = Self(known: "X-Cardea-Key-Id")
  static let xCardeaKeyPrefix = Self(known: "X-Cardea-Key-Prefix")
  static let xCardeaOwner = Self(known: "X-Cardea-Owner")
  static let xCardeaScopes = Self(known: "X-Cardea-Scopes")
  static let xCardeaStatus = Self(known: "X-Cardea-Status")
  static let xCardeaCode = Self(known: "X-Cardea-Code")
}
