import CardeaContracts
import CardeaLimits

/// Gives keys, owners or everybody so many requests until the next refill: daily, monthly, or as a cron-like text
/// says, in UTC.
///
/// Any number of rules at once; a request is counted in all that it falls under or in none, once, and a denied one
/// costs nothing. With `per_key`, a key whose metadata has a `quota` (`"10000 monthly"`) has that one besides. A
/// rule on a method or a path denies a request whose method or path is unknown or can be read in two ways.
///
/// Nodes that share a ``QuotaStore`` count together, in leases, and what was used outlives them. Else it is kept in this
/// process's memory: a restart fills every quota up. Where a quota is what somebody pays for, to the unit, count in the
/// host's own database with an ``AsyncPolicy``.
///
/// Threading: any thread.
public final class RefillingQuotaPolicy: ConfigurablePlugin, Policy, MetadataChecking {
  public static let id = "policy.quota"

  public static let settings = [
    SettingDeclaration(
      "rules", .strings, default: "[]",
      "Quotas such as \"calls 10000 daily\" or \"reports 500 monthly by=owner path=/reports\"."),
    SettingDeclaration(
      "per_key", .boolean, default: "false",
      "Whether a key's metadata may set a quota of its own: quota: \"10000 monthly\"."),
    SettingDeclaration(
      "entries", .integer, default: "100000",
      "Keys or owners that each rule remembers; beyond it those that used least are forgotten."),
  ]

  /// The field of a key's metadata.
  static let field = "quota"

  private struct Quota: Sendable {
    let rule: QuotaRule
    let table: LimitTable
  }

  private let quotas: [Quota]
  private let ownTable: LimitTable?

  /// `nil` if the settings have no rule and keys may have none of their own.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> RefillingQuotaPolicy? {
    var rules: [QuotaRule] = []
    for text in settings.strings("rules") ?? [] { rules.append(try QuotaRule(text)) }
    let perKey = settings.boolean("per_key") ?? false
    if rules.isEmpty, !perKey { return nil }
    return try RefillingQuotaPolicy(
      rules, perKey: perKey, entries: settings.integer("entries") ?? 100_000)
  }

  /// - Parameters:
  ///   - perKey: whether a key's metadata may set a quota.
  ///   - entries: 1 to 100,000,000.
  public init(
    _ rules: [QuotaRule], perKey: Bool = false, entries: Int = 100_000
  ) throws(ConfigurationFault) {
    guard (1...100_000_000).contains(entries) else {
      throw ConfigurationFault(
        plugin: RefillingQuotaPolicy.id, setting: "entries", value: "\(entries)",
        problem: "out of range", remedy: "Give 1 to 100000000.")
    }
    var names: Set<String> = []
    for rule in rules where !names.insert(rule.name).inserted || rule.name == "key-quota" {
      throw ConfigurationFault(
        plugin: RefillingQuotaPolicy.id, setting: "rules", value: rule.name,
        problem: rule.name == "key-quota"
          ? "quotas of single keys have this name" : "two rules have this name",
        remedy: "Name each rule differently.")
    }
    quotas = rules.map { Quota(rule: $0, table: LimitTable(entries: entries)) }
    ownTable = perKey ? LimitTable(entries: entries) : nil
  }

  public func check(metadata: [String: JSONValue]) throws(MetadataFault) {
    if ownTable != nil { _ = try RefillingQuotaPolicy.ownRule(metadata) }
  }

  private static func ownRule(
    _ metadata: [String: JSONValue]
  ) throws(MetadataFault) -> QuotaRule? {
    guard let text = try metadata.string(field) else { return nil }
    do throws(RuleFault) { return try QuotaRule(ofKey: text) } catch {
      throw MetadataFault(field: field, reason: "\(error.problem). \(error.remedy)")
    }
  }

  public func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    guard let identity = context.identity else { return .pass }
    var applying: [Quota] = []
    for quota in quotas {
      switch quota.rule.route.matches(context.request) {
      case true?: applying.append(quota)
      case false?: continue
      case nil: return .deny(PolicyDenial(code: "unknown_route"))
      }
    }
    if let ownTable, let own = try RefillingQuotaPolicy.ownRule(identity.metadata) {
      applying.append(Quota(rule: own, table: ownTable))
    }
    if applying.isEmpty { return .pass }
    return try ApplyingLimit.decide(
      applying.map { $0.rule.applying(to: identity, in: $0.table, at: context.now) },
      cost: 1, code: "quota", isRehearsal: context.isRehearsal)
  }
}

extension RefillingQuotaPolicy: LeasingPolicy {
  package func lease(from leases: QuotaLeases) {
    for quota in quotas {
      quota.table.lease(from: leases, as: "\(RefillingQuotaPolicy.id)/\(quota.rule.name)")
    }
    ownTable?.lease(from: leases, as: "\(RefillingQuotaPolicy.id)/key-quota")
  }
}
