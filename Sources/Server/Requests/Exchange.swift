import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One request on its way through the server, with what was found out about it.
struct Exchange: Sendable {
  let request: Request
  let arrival: Arrival
  let kernel: AuthKernel
  let configuration: ServerConfiguration
  let logger: Logger
  /// What the request came by.
  let connection: any Channel
  /// What the server has seen of its clients' addresses.
  let addresses: AddressWatch
  /// What is to be added to the answer; `nil` where nothing can be.
  let limits: AnswerLimits?
  /// The pattern of the route that answers, for the log.
  var route: String?
  /// The id in the path, where the route has one.
  var pathID: UUID?
  /// What the route takes.
  var takes = RouteInput()

  var target: RequestTarget { arrival.target }
  var requestID: String { arrival.requestID }
  var client: ClientAddress { arrival.client }
  var now: Timestamp { kernel.clock.now() }

  /// The id in the path. What is no id names nothing.
  func id() throws(Problem) -> UUID {
    guard let pathID else { throw .notFound }
    return pathID
  }

  /// The key that asks, if it grants `scope`; throws the denial if not.
  func identity(granting scope: String? = nil) async throws -> Identity {
    try await identity(granting: scope.map { [$0] } ?? [])
  }

  /// The key that asks, if it grants every one of `scopes`; throws the denial if not.
  func identity(granting scopes: [String]) async throws -> Identity {
    let requirement = Requirement(scopes: scopes)
    let view = HTTPTypesRequest(request.head, clientAddress: client.text, requestID: requestID)
    switch await kernel.authenticate(view, requiring: requirement) {
    case .allow(let identity):
      limits?.note(identity.limits)
      return identity
    case .deny(let denial): throw denial
    }
  }

  /// The query's items; one that the route does not take is refused.
  /// - Parameters:
  ///   - takesMetadata: whether it may filter by metadata.
  ///   - lists: the names of items that may have several values.
  @discardableResult
  func query(
    takesMetadata: Bool = false, lists: Set<String> = []
  ) throws(Problem) -> QueryFields {
    try QueryFields(
      target.query, known: takes.query, takesMetadata: takesMetadata, lists: lists,
      ignored: configuration.queryCredentials)
  }

  /// The body, and then the key that asks, if it grants `scope`.
  ///
  /// In this order, so that no client is waited for between the verdict and what it allows: a key
  /// that is revoked while a body trickles in does nothing any more.
  func received(granting scope: String? = nil) async throws -> (identity: Identity, body: JSONBody)
  {
    try await received(granting: scope.map { [$0] } ?? [])
  }

  /// The body, and then the key that asks, if it grants every one of `scopes`.
  func received(granting scopes: [String]) async throws -> (identity: Identity, body: JSONBody) {
    let bytes = try await bytes()
    let identity = try await identity(granting: scopes)
    try query()
    let body = JSONBody(
      type: request.headers.value(of: "content-type"), bytes: bytes, takes: takes.body)
    return (identity, body)
  }

  /// The body's bytes, whatever their type.
  func bytes() async throws -> [UInt8] {
    let limit = configuration.maxBodyBytes
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw Problem.tooLarge(limit: limit)
    }
    do {
      return Array(try await request.body.collect(upTo: limit).readableBytesView)
    } catch is NIOTooManyBytesError {
      throw Problem.tooLarge(limit: limit)
    } catch {
      throw BrokenBody(cause: error)
    }
  }
}
