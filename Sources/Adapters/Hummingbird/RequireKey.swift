import CardeaContracts
import CardeaHTTPTypes
import Hummingbird

/// Demands scopes or a class of the key that ``APIKeyMiddleware`` verified: 401 without a key, 403
/// without what is demanded. Goes after that middleware; without it every request is refused.
///
/// By then the request was recorded as allowed, so that a refusal here makes a second record. Where
/// a group's demand is known, give it to ``APIKeyMiddleware`` as `requiring`: one request, one record.
public struct RequireKey<Context: CardeaRequestContext>: RouterMiddleware {
  private let requirement: Requirement
  private let texts: RefusalTexts?

  /// - Parameter texts: what refused clients are told; unless given, what that middleware tells.
  public init(_ requirement: Requirement, texts: RefusalTexts? = nil) {
    self.requirement = requirement
    self.texts = texts
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let identity = context.identity else { throw refusal(Denial(.missing)) }
    if let denial = Denial(identity, lacking: requirement) { throw refusal(denial) }
    return try await next(request, context)
  }

  private func refusal(_ denial: Denial) -> RouteRefusal {
    RouteRefusal(requirement: requirement, denial: denial, texts: texts)
  }
}

/// A middleware that demands every one of these scopes.
public func requireScopes<Context: CardeaRequestContext>(
  _ scopes: String..., texts: RefusalTexts? = nil
) -> RequireKey<Context> {
  RequireKey(Requirement(scopes: scopes), texts: texts)
}

/// A middleware that demands at least one of these scopes.
public func requireScopes<Context: CardeaRequestContext>(
  any scopes: String..., texts: RefusalTexts? = nil
) -> RequireKey<Context> {
  RequireKey(Requirement(anyScopes: scopes), texts: texts)
}

/// A middleware that demands a key, of that class if one is given.
public func requireKey<Context: CardeaRequestContext>(
  class keyClass: String? = nil, texts: RefusalTexts? = nil
) -> RequireKey<Context> {
  RequireKey(Requirement(keyClass: keyClass), texts: texts)
}

extension RouterMethods where Context: CardeaRequestContext {
  /// A group of routes that all demand every one of these scopes.
  public func requireScopes(
    _ scopes: String..., texts: RefusalTexts? = nil
  ) -> RouterGroup<Context> {
    group().add(middleware: RequireKey(Requirement(scopes: scopes), texts: texts))
  }

  /// A group of routes that all demand at least one of these scopes.
  public func requireScopes(
    any scopes: String..., texts: RefusalTexts? = nil
  ) -> RouterGroup<Context> {
    group().add(middleware: RequireKey(Requirement(anyScopes: scopes), texts: texts))
  }

  /// A group of routes that all demand a key, of that class if one is given.
  public func requireKey(
    class keyClass: String? = nil, texts: RefusalTexts? = nil
  ) -> RouterGroup<Context> {
    group().add(middleware: RequireKey(Requirement(keyClass: keyClass), texts: texts))
  }
}
