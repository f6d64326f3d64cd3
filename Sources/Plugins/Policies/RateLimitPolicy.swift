import CardeaContracts
import CardeaLimits

/// Limits how often keys, owners or everybody may ask, by the generic cell rate algorithm.
///
/// Any number of rules at once: a request has to fit into every one that it falls under, and is counted in all of
/// them or in none, once. A denied one costs nothing. With `costs`, some routes cost more than one unit. With
/// `per_key`, a key whose metadata has a `rate_limit` (`"100/1m burst=20"`) has that one besides; there a request that
/// costs more than the burst takes the whole burst.
///
/// A rule or a cost on a method or a path denies a request whose method or path is unknown or can be read in two
/// ways (`unknown_route`): nobody gets past a limit by hiding where they go.
///
/// Nodes that share a ``QuotaStore`` count together, in leases. Else what was used is kept in this process's memory and
/// starts anew with it. Either way a table of bounded size for each rule knows what this process needs.
///
/// Threading: any thread.
public final class RateLimitPolicy: ConfigurablePlugin, Policy, MetadataChecking {
  public static let id = "policy.rate_limit"

  public static let settings = [
    SettingDeclaration(
      "rules", .strings, default: "[]",
      "Limits such as \"minute 600/1m burst=50\", with by=key|owner|all, path=/PREFIX, method=M."),
    SettingDeclaration(
      "costs", .strings, default: "[]",
      "Routes that cost more than one unit, such as \"POST /reports 20\"; the closest one counts."),
    SettingDeclaration(
      "per_key", .boolean, default: "false",
      "Whether a key's metadata may set a limit of its own: rate_limit: \"100/1m burst=20\"."),
    SettingDeclaration(
      "entries", .integer, default: "100000",
      "Keys or owners that each rule remembers; beyond it the least busy are forgotten."),
  ]

  /// The field of a key's metadata.
  static let field = "rate_limit"

  private struct Limit: Sendable {
    let rule: RateLimitRule
    let table: LimitTable
  }

  private let limits: [Limit]
  private let costs: RouteCosts
  private let ownTable: LimitTable?

  /// `nil` if the settings have no rule and keys may have none of their own.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> RateLimitPolicy? {
    var rules: [RateLimitRule] = []
    for text in settings.strings("rules") ?? [] { rules.append(try RateLimitRule(text)) }
    let perKey = settings.boolean("per_key") ?? false
    if rules.isEmpty, !perKey { return nil }
    return try RateLimitPolicy(
      rules, costs: settings.strings("costs") ?? [], perKey: perKey,
      entries: settings.integer("entries") ?? 100_000)
  }

  /// - Parameters:
  ///   - costs: as in the settings: `POST /reports 20`.
  ///   - perKey: whether a key's metadata may set a limit.
  ///   - entries: 1 to 100,000,000.
  public init(
    _ rules: [RateLimitRule], costs: [String] = [], perKey: Bool = false, entries: Int = 100_000
  ) throws(ConfigurationFault) {
    guard (1...100_000_000).contains(entries) else {
      throw ConfigurationFault(
        plugin: RateLimitPolicy.id, setting: "entries", value: "\(entries)",
        problem: "out of range", remedy: "Give 1 to 100000000.")
    }
    var names: Set<String> = perKey ? ["key"] : []
    for rule in rules where !names.insert(rule.name).inserted {
      throw ConfigurationFault(
        plugin: RateLimitPolicy.id, setting: "rules", value: rule.name,
        problem: rule.name == "key"
          ? "per_key gives this name to the limits of single keys" : "two rules have this name",
        remedy: "Name each rule differently.")
    }
    self.costs = try RouteCosts(costs, within: rules)
    limits = rules.map { Limit(rule: $0, table: LimitTable(entries: entries)) }
    ownTable = perKey ? LimitTable(entries: entries) : nil
  }

  public func check(metadata: [String: JSONValue]) throws(MetadataFault) {
    if ownTable != nil { _ = try RateLimitPolicy.ownRule(metadata) }
  }

  private static func ownRule(
    _ metadata: [String: JSONValue]
  ) throws(MetadataFault) -> RateLimitRule? {
    guard let text = try metadata.string(field) else { return nil }
    do throws(RuleFault) { return try RateLimitRule(ofKey: text) } catch {
      throw MetadataFault(
        field: field, reason: "\(error.problem). \(error.remedy)")
    }
  }

  public func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    guard let identity = context.identity else { return .pass }
    var applying: [Limit] = []
    for limit in limits {
      switch limit.rule.route.matches(context.request) {
      case true?: applying.append(limit)
      case false?: continue
      case nil: return .deny(PolicyDenial(code: "unknown_route"))
      }
    }
    if let ownTable, let own = try RateLimitPolicy.ownRule(identity.metadata) {
      applying.append(Limit(rule: own, table: ownTable))
    }
    if applying.isEmpty { return .pass }
    guard let cost = costs.units(for: context.request) else {
      return .deny(PolicyDenial(code: "unknown_route"))
    }
    return try ApplyingLimit.decide(
      applying.map {
        $0.rule.applying(to: identity, in: $0.table, cost: costs.most, at: context.now)
      }, cost: cost, code: "rate_limit", isRehearsal: context.isRehearsal)
  }
}

extension RateLimitPolicy: LeasingPolicy {
  package func lease(from leases: QuotaLeases) {
    for limit in limits {
      limit.table.lease(from: leases, as: "\(RateLimitPolicy.id)/\(limit.rule.name)")
    }
    ownTable?.lease(from: leases, as: "\(RateLimitPolicy.id)/key")
  }
}
