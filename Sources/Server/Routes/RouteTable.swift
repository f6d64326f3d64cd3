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
/// A path is a fixed text, or `/v1/COLLECTION/{id}` with or without one segment after it, or a fixed
/// text with everything below it. Paths are compared as sent: none of ours needs an encoded
/// character, so an encoded one leads nowhere.
struct RouteTable: Sendable {
  typealias Handler = @Sendable (Exchange) async throws -> Response

  private struct Entry: Sendable {
    var byMethod: [String: Handler] = [:]
    var any: Handler?
  }

  enum Match: Sendable {
    case handler(Handler, id: UUID?)
    /// The path exists, but not for this method; the methods that it takes.
    case otherMethod(allowed: String)
    case none
  }

  private var entries: [String: Entry] = [:]
  private var trees: [(root: String, handler: Handler)] = []

  mutating func get(_ path: String, _ handler: @escaping Handler) { on(.get, path, handler) }
  mutating func post(_ path: String, _ handler: @escaping Handler) { on(.post, path, handler) }
  mutating func delete(_ path: String, _ handler: @escaping Handler) { on(.delete, path, handler) }
  mutating func patch(_ path: String, _ handler: @escaping Handler) { on(.patch, path, handler) }

  /// Takes every method.
  mutating func any(_ path: String, _ handler: @escaping Handler) {
    entries[path, default: Entry()].any = handler
  }

  /// Takes every method, for the path and for everything below it.
  mutating func anyBelow(_ path: String, _ handler: @escaping Handler) {
    trees.append((path, handler))
  }

  private mutating func on(
    _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler
  ) {
    entries[path, default: Entry()].byMethod[method.rawValue] = handler
  }

  func match(_ method: HTTPRequest.Method, _ path: Substring) -> Match {
    if let entry = entries[String(path)] { return match(method, entry, id: nil) }
    for tree in trees where path.utf8.starts(with: tree.root.utf8) {
      let below = path.utf8.dropFirst(tree.root.utf8.count)
      if below.isEmpty || below.first == UInt8(ascii: "/") {
        return .handler(tree.handler, id: nil)
      }
    }
    let segments = path.utf8.split(
      separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
    guard segments.count == 4 || segments.count == 5, !segments[3].isEmpty else { return .none }
    let action = segments.count == 5 ? "/\(Substring(segments[4]))" : ""
    let pattern =
      "\(Substring(segments[0]))/\(Substring(segments[1]))/\(Substring(segments[2]))/{id}\(action)"
    guard let entry = entries[pattern] else { return .none }
    return match(method, entry, id: UUID(strict: String(Substring(segments[3]))))
  }

  private func match(_ method: HTTPRequest.Method, _ entry: Entry, id: UUID?) -> Match {
    if let any = entry.any { return .handler(any, id: id) }
    // A HEAD is a GET whose body is not sent (RFC 9110, section 9.3.2).
    let name = method == .head ? "GET" : method.rawValue
    if let handler = entry.byMethod[name] { return .handler(handler, id: id) }
    return .otherMethod(allowed: entry.byMethod.keys.sorted().joined(separator: ", "))
  }
}
