import CardeaKernel

/// Gives keys, owners or everybody so many requests until the next refill: daily, monthly, or as a cron-like text
/// says, in UTC.
///
/// Any number of rules at once; a request is counted in all that it falls under or in none, once, and a denied one
/// costs nothing. With `per_key`, a key whose metadata has a `quota` (`"10000 monthly"`) has that one besides. A
/// rule on a method or a path denies a request whose method or path is unknown or can be read in two ways.
///
/// What was used is kept in this process's memory, in a table of bounded size for each rule: a restart fills every
/// quota up, and several servers each count for themselves. Where a quota is what somebody pays for, count in the
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
    let table: BudgetTable
  }

  private let quotas: [Quota]
  private let ownTable: BudgetTable?

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
    quotas = rules.map { Quota(rule: $0, table: BudgetTable(capacity: entries)) }
    ownTable = perKey ? BudgetTable(capacity: entries) : nil
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
    return decide(applying, identity, context)
  }

  /// Takes one of every quota, or of none if one has none left.
  private func decide(
    _ applying: [Quota], _ identity: Identity, _ context: PolicyContext
  ) -> PolicyDecision {
    var states: [LimitState] = []
    var taken: [(Int, Quota, Count)] = []
    var wait: Duration?
    for quota in applying {
      let count = Count(quota.rule, at: context.now)
      let subject = quota.rule.subject.budget(of: identity)
      let (used, isTaken) = quota.table.update(subject, floor: count.none) { number in
        let used = count.used(number)
        // After one that has none left, the rest is only looked at.
        guard used < quota.rule.count, wait == nil else { return (used, false) }
        if !context.isRehearsal { number += 1 }
        return (used + 1, true)
      }
      if isTaken { taken.append((states.count, quota, count)) }
      if used >= quota.rule.count, !isTaken { wait = max(wait ?? .zero, count.untilRefill) }
      states.append(count.state(used: used))
    }
    guard let wait else { return .within(states) }
    for (index, quota, count) in taken {
      let used = quota.table.update(quota.rule.subject.budget(of: identity), floor: count.none) {
        if !context.isRehearsal { $0 -= 1 }
        return count.used($0)
      }
      states[index] = count.state(used: used)
    }
    return .deny(
      PolicyDenial(
        code: "quota", status: .tooManyRequests, retryAfter: wait, limits: states))
  }

  /// How one quota counts in the period of a moment: the table's number is the period's number and, below it, the
  /// requests in it, so that an older period is less than any use in this one.
  private struct Count {
    private static let bits: Int64 = 32
    let rule: QuotaRule
    let untilRefill: Duration
    let window: Duration
    /// The number of a subject that used nothing in this period.
    let none: Int64

    init(_ rule: QuotaRule, at now: Timestamp) {
      let (start, end) = rule.refill.period(at: now)
      self.rule = rule
      window = .milliseconds(end.milliseconds - start.milliseconds)
      untilRefill = .milliseconds(max(1, end.milliseconds - now.milliseconds))
      // Minutes since the epoch: periods begin on whole ones. 31 bits of them last for 4,000 years.
      let minute = min(max(start.milliseconds / 60_000, 0), Int64(Int32.max))
      none = minute << Count.bits
    }

    func used(_ number: Int64) -> Int { Int(number - none) }

    func state(used: Int) -> LimitState {
      LimitState(
        name: rule.name, quota: rule.count, window: window, remaining: rule.count - used,
        resetsAfter: untilRefill)
    }
  }
}
