import CardeaHTTPTypes
import CardeaKernel
import Hummingbird

/// Demands scopes or a class of the key that ``APIKeyMiddleware`` verified: 401 without a key, 403
/// without what is demanded. Goes after that middleware; without it every request is refused.
public struct RequireKey<Context: CardeaRequestContext>: RouterMiddleware {
  private let requirement: Requirement
  private let texts: RefusalTexts

  public init(_ requirement: Requirement, texts: RefusalTexts = .standard) {
    self.requirement = requirement
    self.texts = texts
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if let reason = missing(context.identity) {
      let denial = Denial(reason, verified: context.identity != nil)
      return Response(refusal: denial, texts: texts, context: context)
    }
    return try await next(request, context)
  }

  private func missing(_ identity: Identity?) -> Denial.Reason? {
    guard let identity else { return .missing }
    if let keyClass = requirement.keyClass, !keyClass.utf8.elementsEqual(identity.keyClass.utf8) {
      return .wrongClass
    }
    return requirement.scopes.allSatisfy(identity.scopes.grants) ? nil : .insufficientScope
  }
}

/// A middleware that demands every one of these scopes.
public func requireScopes<Context: CardeaRequestContext>(
  _ scopes: String..., texts: RefusalTexts = .standard
) -> RequireKey<Context> {
  RequireKey(Requirement(scopes: scopes), texts: texts)
}

/// A middleware that demands a key, of that class if one is given.
public func requireKey<Context: CardeaRequestContext>(
  class keyClass: String? = nil, texts: RefusalTexts = .standard
) -> RequireKey<Context> {
  RequireKey(Requirement(keyClass: keyClass), texts: texts)
}

extension RouterMethods where Context: CardeaRequestContext {
  /// A group of routes that all demand every one of these scopes.
  public func requireScopes(
    _ scopes: String..., texts: RefusalTexts = .standard
  ) -> RouterGroup<Context> {
    group().add(middleware: RequireKey(Requirement(scopes: scopes), texts: texts))
  }

  /// A group of routes that all demand a key, of that class if one is given.
  public func requireKey(
    class keyClass: String? = nil, texts: RefusalTexts = .standard
  ) -> RouterGroup<Context> {
    group().add(middleware: RequireKey(Requirement(keyClass: keyClass), texts: texts))
  }
}
