/// The target of a request, split at its first `?`. Nothing is decoded; a fragment, which no client
/// should send, stays with the part that it is in.
public struct RequestTarget: Sendable {
  /// What stands before the first `?`.
  public let path: Substring
  /// What follows the first `?`; `nil` without one.
  public let query: Substring?

  public init(_ target: String) {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else {
      path = target[...]
      query = nil
      return
    }
    path = target[..<mark]
    query = target[target.utf8.index(after: mark)...]
  }
}
