/// Makes session tokens and says what they stand for. At most one is registered; without one there are no
/// sessions.
///
/// A session stands for one secret of a key. The issuer answers for the token and for how long it lives; the
/// key, its owner, its scopes and every policy are judged by the kernel at each use, as for a key itself.
///
/// Threading: synchronous, from any thread; must not block. `read` runs once per token and may check a
/// signature; `refusal` and `noteUse` run at every use.
public protocol SessionIssuer: Plugin {
  /// How long a session lives without being used, and where it does not slide, altogether.
  var lifetime: Duration { get }
  /// Where requests carry session tokens. Asked in order, and only of requests without an API key.
  var extractors: [any CredentialExtractor] { get }
  /// The JSON Web Key Set (RFC 7517) with which others verify its tokens; `nil` if they can't.
  var keySet: [UInt8]? { get }

  /// Whether a token has the shape of its own: cheap, and no promise that it is good.
  func recognizes(_ token: Span<UInt8>) -> Bool
  /// The token of a new session.
  func issue(_ request: SessionRequest) throws(SessionError) -> Secret
  /// The session that a token stands for; it may have ended since it was read.
  func read(_ token: Secret, at now: Timestamp) throws(SessionRefusal) -> SessionFacts
  /// Why a session that ``read(_:at:)`` gave is over; `nil` while it is open.
  func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal?
  /// A request was allowed under this session.
  func noteUse(of session: SessionFacts, at now: Timestamp)
  /// From its return on, ``refusal(of:at:)`` refuses this session.
  func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError)
}

extension SessionIssuer {
  public var keySet: [UInt8]? { nil }
  public func noteUse(of session: SessionFacts, at now: Timestamp) {}
  public func register(in registry: inout Registry) { registry.add(sessionIssuer: self) }
}
