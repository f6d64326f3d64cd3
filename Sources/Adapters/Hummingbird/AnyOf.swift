import CardeaContracts
import CardeaHTTPTypes
import Hummingbird

/// The host's own authentication: the context with its ``CardeaRequestContext/principal`` filled if
/// the request is allowed, `nil` if not. A throw counts as not.
public typealias OwnAuthentication<Context: CardeaRequestContext> =
  @Sendable (Request, Context) async throws -> Context?

/// Lets a request on if its API key is good or the host's own authentication grants it.
///
/// The API key is asked first; if neither grants, the client gets the API key's refusal.
public struct AnyOf<Context: CardeaRequestContext>: RouterMiddleware {
  private let apiKey: APIKeyMiddleware<Context>
  private let own: OwnAuthentication<Context>

  public init(_ apiKey: APIKeyMiddleware<Context>, _ own: @escaping OwnAuthentication<Context>) {
    self.apiKey = apiKey
    self.own = own
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var request = request
    let refusal: Denial?
    switch try await apiKey.admit(&request, context: context) {
    case .granted(let granted): return try await apiKey.pass(request, granted, next)
    case .anonymous: refusal = nil
    case .refused(let denial): refusal = denial
    }
    // Only the question is guarded: what a route throws behind `next` is the route's.
    if let granted = try? await own(request, context) {
      return try await apiKey.pass(request, granted, next)
    }
    guard let refusal else { return try await apiKey.pass(request, context, next) }
    return Response(refusal: refusal, texts: apiKey.texts, context: context)
  }
}

/// A middleware that lets a request on if either grants it.
public func anyOf<Context: CardeaRequestContext>(
  _ apiKey: APIKeyMiddleware<Context>, _ own: @escaping OwnAuthentication<Context>
) -> AnyOf<Context> {
  AnyOf(apiKey, own)
}
