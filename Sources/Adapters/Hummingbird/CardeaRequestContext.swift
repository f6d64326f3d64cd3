import CardeaContracts
import Hummingbird

/// A request context that carries who is asking: the verified key, and the host's own user for it.
///
/// ``APIKeyMiddleware`` fills it; routes read it.
public protocol CardeaRequestContext: RequestContext {
  /// The host's own type for a user. A host that has none uses ``BasicCardeaRequestContext`` as it
  /// is.
  associatedtype Principal: Sendable
  /// The verified key; `nil` where none was asked for or given.
  var identity: Identity? { get set }
  /// The host's own user, as a ``PrincipalResolver`` or the host's own authentication found it.
  var principal: Principal? { get set }
  /// The client's address, if it is known to be the client's. `nil` rather than a guess.
  var clientAddress: String? { get }
  /// The client's address in view of the request's headers, which the context is made without.
  /// ``clientAddress`` unless a context says otherwise.
  func clientAddress(of request: Request) -> String?
}

extension CardeaRequestContext {
  public var clientAddress: String? { nil }

  /// ``clientAddress``, whatever the request.
  public func clientAddress(of request: Request) -> String? { clientAddress }
}

/// Maps a verified key to the host's own user.
///
/// `nil` means that the host knows no such user, and the request is answered 401; a throw denies it
/// too, with 503. Threading: from any task, on every request that is allowed.
public typealias PrincipalResolver<Principal: Sendable> =
  @Sendable (Identity) async throws -> Principal?

extension RequestContext {
  /// The id that Hummingbird gave the request. Its own `id` traps where the log handler keeps no
  /// metadata, as a no-op handler does.
  var requestID: String? { logger[metadataKey: "hb.request.id"]?.description }
}
