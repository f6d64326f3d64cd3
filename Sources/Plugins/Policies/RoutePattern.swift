import CardeaContracts

/// Requests of one method, below one path, or both: `POST`, `/orders`, `POST /orders`.
struct RoutePattern: Sendable {
  let method: String?
  private let path: RequestPath?

  /// Every request.
  static let all = RoutePattern()

  private init() {
    method = nil
    path = nil
  }

  /// - Parameters:
  ///   - method: as the request line has it: upper case.
  ///   - path: as ``RequestPath`` reads it.
  /// - Throws: what is wrong, in words that complete "it".
  init(method: String?, path: String?) throws(RuleFault) {
    if let method, !RoutePattern.isMethod(method) {
      throw RuleFault("\(method) is no method", "Write it in capitals, such as GET or POST.")
    }
    self.method = method
    guard let path else {
      self.path = nil
      return
    }
    guard let read = RequestPath(path) else {
      throw RuleFault(
        "\(path) is no path to compare with",
        "Begin it with /, without a query, empty or dot segments, spaces or encoded slashes.")
    }
    self.path = read
  }

  /// Whether a request is one of these; `nil` if that can't be told, since its method or path is unknown or
  /// has no single reading.
  func matches(_ request: RequestFacts) -> Bool? {
    if let method {
      if request.method.isEmpty { return nil }
      if !method.utf8.elementsEqual(request.method.utf8) { return false }
    }
    guard let path else { return true }
    return RequestPath(request.path).map { $0.isBelow(path) }
  }

  /// Whether one request can be one of these and of those.
  func meets(_ other: RoutePattern) -> Bool {
    if let method, let theirs = other.method, method != theirs { return false }
    guard let path, let theirs = other.path else { return true }
    return path.isBelow(theirs) || theirs.isBelow(path)
  }

  /// How closely it says which requests it means.
  var detail: Int { (path?.bytes.count ?? 0) * 2 + (method == nil ? 0 : 1) }

  /// RFC 9110, section 9.1: a token; here the capitals that every method in use has.
  static func isMethod(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { ($0 >= 0x41 && $0 <= 0x5A) || $0 == 0x2D }
  }
}
