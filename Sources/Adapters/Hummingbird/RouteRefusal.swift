import CardeaContracts
import CardeaHTTPTypes
import Hummingbird

/// A route demands what the verified key does not have.
///
/// Thrown by ``RequireKey`` for ``APIKeyMiddleware``, which records it. Where no such middleware is
/// around the route, it is answered as it is.
struct RouteRefusal: HTTPResponseError {
  let requirement: Requirement
  let denial: Denial
  /// The route's own texts, if it has any.
  let texts: RefusalTexts?

  var status: HTTPResponse.Status { Refusal(denial).head.status }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    Response(refusal: denial, texts: texts ?? .standard, context: context)
  }
}
