import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which handler answers which path and method.
///
/// A path is a fixed text, or `/v1/COLLECTION/{id}` or `/COLLECTION/{id}` with or without one segment after it, or a
/// fixed text with everything below it. Paths are compared as sent: none of ours needs an encoded
/// character, so an encoded one leads nowhere.
struct RouteTable: Sendable {
  typealias Handler = @Sendable (Exchange) async throws -> Response
  /// Answers a request without a body for who must not suspend, as the route's ``Handler`` would; `nil` if it can't, and
  /// has recorded nothing.
  typealias PromptHandler = @Sendable (Arrival) -> Prompt<AuthAnswer>?

  struct Route: Sendable {
    /// The pattern that it answers.
    let path: String
    let takes: RouteInput
    let handler: Handler
    var prompt: PromptHandler?
  }

  private struct Entry: Sendable {
    var byMethod: [String: Route] = [:]
    var any: Route?
  }

  enum Match: Sendable {
    case route(Route, id: UUID?)
    /// The path exists, but not for this method; the methods that it takes.
    case otherMethod(allowed: String)
    case none
  }

  private var entries: [String: Entry] = [:]
  private var trees: [(root: String, route: Route)] = []

  /// - Parameter query: the names of the query items that it takes.
  mutating func get(_ path: String, query: Set<String> = [], _ handler: @escaping Handler) {
    on(.get, Route(path: path, takes: RouteInput(query: query), handler: handler))
  }

  /// - Parameters:
  ///   - query: the names of the query items that it takes.
  ///   - body: `nil` where it is no JSON.
  mutating func post(
    _ path: String, query: Set<String> = [], body: RouteInput.Body?, _ handler: @escaping Handler
  ) {
    on(.post, Route(path: path, takes: RouteInput(query: query, body: body), handler: handler))
  }

  mutating func delete(_ path: String, body: RouteInput.Body, _ handler: @escaping Handler) {
    on(.delete, Route(path: path, takes: RouteInput(body: body), handler: handler))
  }

  mutating func patch(
    _ path: String, query: Set<String> = [], body: RouteInput.Body, _ handler: @escaping Handler
  ) {
    on(.patch, Route(path: path, takes: RouteInput(query: query, body: body), handler: handler))
  }

  /// Takes every method.
  mutating func any(
    _ path: String, query: Set<String>, prompt: PromptHandler? = nil, _ handler: @escaping Handler
  ) {
    entries[path, default: Entry()].any = Route(
      path: path, takes: RouteInput(query: query), handler: handler, prompt: prompt)
  }

  /// Takes every method, for the path and for everything below it.
  mutating func anyBelow(
    _ path: String, prompt: PromptHandler? = nil, _ handler: @escaping Handler
  ) {
    trees.append((path, Route(path: path, takes: RouteInput(), handler: handler, prompt: prompt)))
  }

  private mutating func on(_ method: HTTPRequest.Method, _ route: Route) {
    entries[route.path, default: Entry()].byMethod[method.rawValue] = route
  }

  /// Every route with its method, or `ANY`; what ends in `/…` is for everything below.
  var all: [(method: String, path: String, takes: RouteInput)] {
    entries.flatMap { path, entry in
      entry.byMethod.map { ($0, path, $1.takes) }
        + (entry.any.map { [("ANY", path, $0.takes)] } ?? [])
    } + trees.map { ("ANY", $0.root + "/…", $0.route.takes) }
  }

  func match(_ method: HTTPRequest.Method, _ path: Substring) -> Match {
    if let entry = entries[String(path)] { return match(method, entry, id: nil) }
    for tree in trees where path.utf8.starts(with: tree.root.utf8) {
      let below = path.utf8.dropFirst(tree.root.utf8.count)
      if below.isEmpty || below.first == UInt8(ascii: "/") {
        return .route(tree.route, id: nil)
      }
    }
    let segments = path.utf8.split(
      separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
    for place in [3, 2] where segments.count == place + 1 || segments.count == place + 2 {
      let id = String(Substring(segments[place]))
      let before = segments[..<place].map { String(Substring($0)) }
      let after = segments[(place + 1)...].map { String(Substring($0)) }
      let pattern = (before + ["{id}"] + after).joined(separator: "/")
      guard !id.isEmpty, let entry = entries[pattern] else { continue }
      return match(method, entry, id: UUID(strict: id))
    }
    return .none
  }

  private func match(_ method: HTTPRequest.Method, _ entry: Entry, id: UUID?) -> Match {
    if let any = entry.any { return .route(any, id: id) }
    // A HEAD is a GET whose body is not sent (RFC 9110, section 9.3.2).
    let name = method == .head ? "GET" : method.rawValue
    if let route = entry.byMethod[name] { return .route(route, id: id) }
    return .otherMethod(allowed: entry.byMethod.keys.sorted().joined(separator: ", "))
  }
}
