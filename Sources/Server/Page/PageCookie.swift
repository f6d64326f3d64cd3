import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

/// The cookie that says who is signed in to a page. `__Host-`: browsers take it over TLS (or from their own machine)
/// only, for this host and no other, whatever a neighbour under the same domain sets (RFC 6265bis, section 4.1.3.2).
struct PageCookie: Sendable {
  let name: String
  private let attributes: String

  /// - Parameter isFramed: whether pages of other sites may have this one in a frame. Browsers send it there only if
  ///   it is `SameSite=None`; partitioned (CHIPS), it is another one within each of those sites.
  init(name: String, isFramed: Bool) {
    self.name = name
    attributes =
      "Path=/; Secure; HttpOnly; "
      + (isFramed ? "SameSite=None; Partitioned" : "SameSite=Strict")
  }

  /// What the cookie holds; `nil` without one, or with two.
  func value(of request: Request) -> String? {
    var found: String?
    for field in request.headers where field.name == .cookie {
      for pair in field.value.split(separator: ";") {
        let pair = pair.drop { $0 == " " }
        guard pair.utf8.starts(with: "\(name)=".utf8) else { continue }
        guard found == nil else { return nil }
        found = String(pair.dropFirst(name.count + 1))
      }
    }
    return found
  }

  func set(_ value: String, on response: inout Response) {
    response.headers[.setCookie] = "\(name)=\(value); \(attributes)"
  }

  func remove(from response: inout Response) {
    response.headers[.setCookie] = "\(name)=; \(attributes); Max-Age=0"
  }
}
