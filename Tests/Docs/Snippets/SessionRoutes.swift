import Cardea
import CardeaHTTPTypes
import CardeaHummingbird
import Hummingbird

/// Logging in and out of a service of one's own.
func addSessionRoutes(
  to router: Router<BasicCardeaRequestContext<Identity>>, _ kernel: AuthKernel
) {
  router.group("session").add(middleware: APIKeyMiddleware(kernel))
    .post { _, context in
      guard let identity = context.identity else { throw HTTPError(.unauthorized) }
      return try kernel.createSession(for: identity, scopes: ["orders:read"]).token.reveal()
    }
    .delete { request, context in
      guard let identity = context.identity else { throw HTTPError(.unauthorized) }
      try await kernel.logOut(identity, request: RequestFacts(HTTPTypesRequest(request.head)))
      return HTTPResponse.Status.noContent
    }
}
