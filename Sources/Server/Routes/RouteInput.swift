/// What a route takes besides its path: every name that its readers know.
struct RouteInput: Sendable {
  /// The names of query items.
  var query: Set<String> = []
  /// `nil`: a body is not looked at.
  var body: Body?

  /// The fields of a JSON object.
  struct Body: Sendable {
    let names: Set<String>
    /// Whether no body at all is an empty object.
    let isOptional: Bool

    static func required(_ names: Set<String>) -> Body { Body(names: names, isOptional: false) }
    static func optional(_ names: Set<String>) -> Body { Body(names: names, isOptional: true) }
  }
}
