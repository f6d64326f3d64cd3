/// The facts of a request that policies, signals and the audit may see. No header value but the user
/// agent, no query, no body: nothing that could be a credential.
public struct RequestFacts: Sendable, Equatable {
  /// `GET`, `POST`, …; empty if it is unknown: a proxy asked and did not say. A policy on methods must deny
  /// it, as an allow-list does by itself.
  public var method: String
  /// The path without the query; empty if it is unknown, to be denied likewise by a policy on paths.
  public var path: String
  /// ``RequestView/clientAddress``.
  public var clientAddress: String?
  /// The `User-Agent`, as the client sent it.
  public var userAgent: String?
  /// ``RequestView/requestID``.
  public var requestID: String?

  public init(
    method: String, path: String, clientAddress: String? = nil, userAgent: String? = nil,
    requestID: String? = nil
  ) {
    self.method = method
    self.path = path
    self.clientAddress = clientAddress
    self.userAgent = userAgent
    self.requestID = requestID
  }

  public init(_ request: borrowing some RequestView) {
    method = request.method
    path = request.path
    clientAddress = request.clientAddress
    requestID = request.requestID
    if case .one(let agent) = request.header("user-agent") { userAgent = agent }
  }
}
