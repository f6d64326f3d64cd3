import CardeaContracts

/// Lets keys call listed methods and paths only.
///
/// Lists for all keys, and with `per_key` lists in the metadata of a key (`"allowed_methods": ["GET"]`,
/// `"allowed_paths": ["/orders"]`); a key with both needs both, and an empty list of a key's own allows nothing.
/// `/orders` allows `/orders` and what is below it, not `/orders2`. A request whose method or path is unknown is
/// denied wherever a list asks for it, and so is a path that can be read in two ways (`/orders/../admin`,
/// `/orders%2F..`).
///
/// Threading: any thread.
public struct AllowedRoutesPolicy: ConfigurablePlugin, Policy, MetadataChecking {
  public static let id = "policy.allowed_routes"

  public static let settings = [
    SettingDeclaration(
      "methods", .strings, default: "[]", "Methods that any key may use; [] is every one."),
    SettingDeclaration(
      "paths", .strings, default: "[]",
      "Paths that any key may call, each with what is below it; [] is every one."),
    SettingDeclaration(
      "per_key", .boolean, default: "false",
      "Whether a key's metadata may name its own: allowed_methods: [\"GET\"], allowed_paths: "
        + "[\"/orders\"]."),
  ]

  /// The fields of a key's metadata.
  static let methodsField = "allowed_methods"
  static let pathsField = "allowed_paths"

  /// Lists of methods and paths; `nil` allows every one.
  private struct Lists: Sendable {
    var methods: [RoutePattern]?
    var paths: [RoutePattern]?

    func denial(of request: RequestFacts) -> PolicyDenial? {
      for (list, what) in [(methods, "method"), (paths, "path")] {
        guard let list else { continue }
        let matches = list.map { $0.matches(request) }
        if matches.contains(true) { continue }
        let isUnknown = what == "method" ? request.method.isEmpty : matches.contains(nil)
        return PolicyDenial(code: isUnknown ? "unknown_\(what)" : "\(what)_not_allowed")
      }
      return nil
    }
  }

  private let lists: Lists
  private let perKey: Bool

  /// `nil` if neither all keys nor single ones can have a list.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> AllowedRoutesPolicy? {
    let methods = settings.strings("methods") ?? []
    let paths = settings.strings("paths") ?? []
    let perKey = settings.boolean("per_key") ?? false
    if methods.isEmpty, paths.isEmpty, !perKey { return nil }
    return try AllowedRoutesPolicy(methods: methods, paths: paths, perKey: perKey)
  }

  /// - Parameters:
  ///   - methods: of all keys; empty is every method.
  ///   - paths: of all keys; empty is every path.
  ///   - perKey: whether a key's metadata may have lists of its own.
  public init(
    methods: [String] = [], paths: [String] = [], perKey: Bool = false
  ) throws(ConfigurationFault) {
    func patterns(
      _ texts: [String], _ setting: String,
      _ pattern: (String) throws(RuleFault) -> RoutePattern
    ) throws(ConfigurationFault) -> [RoutePattern]? {
      var patterns: [RoutePattern] = []
      for text in texts {
        do throws(RuleFault) { patterns.append(try pattern(text)) } catch {
          throw error.fault(of: AllowedRoutesPolicy.id, setting, text)
        }
      }
      return patterns.isEmpty ? nil : patterns
    }
    lists = Lists(
      methods: try patterns(methods, "methods") { (text: String) throws(RuleFault) in
        try RoutePattern(method: text, path: nil)
      },
      paths: try patterns(paths, "paths") { (text: String) throws(RuleFault) in
        try RoutePattern(method: nil, path: text)
      })
    self.perKey = perKey
  }

  public func check(metadata: [String: JSONValue]) throws(MetadataFault) {
    if perKey { _ = try AllowedRoutesPolicy.ownLists(metadata) }
  }

  private static func ownLists(_ metadata: [String: JSONValue]) throws(MetadataFault) -> Lists {
    var lists = Lists()
    if let methods = try metadata.strings(methodsField) {
      lists.methods = []
      for text in methods {
        guard let pattern = try? RoutePattern(method: text, path: nil) else {
          throw MetadataFault(field: methodsField, reason: "must be methods such as GET")
        }
        lists.methods?.append(pattern)
      }
    }
    if let paths = try metadata.strings(pathsField) {
      lists.paths = []
      for text in paths {
        guard let pattern = try? RoutePattern(method: nil, path: text) else {
          throw MetadataFault(
            field: pathsField,
            reason: "must be paths such as /orders, without empty or dot segments")
        }
        lists.paths?.append(pattern)
      }
    }
    return lists
  }

  public func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    if let denial = lists.denial(of: context.request) { return .deny(denial) }
    guard perKey, let identity = context.identity else { return .pass }
    return try AllowedRoutesPolicy.ownLists(identity.metadata).denial(of: context.request)
      .map { .deny($0) } ?? .pass
  }
}
