import CardeaHTTPTypes
import CardeaHummingbird
import HTTPTypes
import Hummingbird

extension Response {
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
    self.init(
      status: refusal.problem.status == 401 ? .unauthorized : .forbidden, headers: fields)
  }
}

extension HTTPField.Name {
  static let xCardeaStatus = Self(known: "X-Cardea-Status")
  static let xCardeaCode = Self(known: "X-Cardea-Code")
}
