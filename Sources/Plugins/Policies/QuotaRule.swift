import CardeaContracts
import CardeaLimits

/// One quota: `calls 10000 daily`, `reports 500 monthly by=owner path=/reports`, `night 100 0 6 * * *`.
public struct QuotaRule: Sendable {
  /// Names the quota in the RateLimit header fields.
  public let name: String
  /// Requests between two refills: 1 to 1,000,000,000.
  public let count: Int
  /// When all of it is there again.
  public let refill: RefillSchedule
  let subject: LimitSubject
  let route: RoutePattern

  private static let options: Set<String> = ["by", "path", "method"]

  /// Reads a rule; what is wrong with it is a fault of `setting`.
  public init(
    _ text: String, setting: String = "rules"
  ) throws(ConfigurationFault) {
    do throws(RuleFault) {
      let parts = try RuleText(text, options: QuotaRule.options)
      guard let name = parts.words.first, LimitState.isValid(name: name) else {
        throw RuleFault(
          "it does not begin with a name", "Write for example: calls 10000 daily by=owner.")
      }
      try self.init(
        name: name, parts.words.dropFirst(), subject: try LimitSubject(option: parts.option("by")),
        route: try RoutePattern(method: parts.option("method"), path: parts.option("path")))
    } catch {
      throw error.fault(of: RefillingQuotaPolicy.id, setting, text)
    }
  }

  /// A key's own quota, from its metadata: `10000 monthly`.
  init(ofKey text: String) throws(RuleFault) {
    let words = try RuleText(text, options: []).words
    try self.init(name: "key-quota", words[...], subject: .key, route: .all)
  }

  private init(
    name: String, _ words: ArraySlice<String>, subject: LimitSubject, route: RoutePattern
  ) throws(RuleFault) {
    guard let first = words.first, let count = DecimalText.parse(first.utf8),
      (1...1_000_000_000).contains(count)
    else {
      throw RuleFault("it has no count", "Write 1 to 1000000000, then daily or monthly.")
    }
    let text = words.dropFirst().joined(separator: " ")
    guard let refill = RefillSchedule(text) else {
      throw RuleFault(
        text.isEmpty ? "it does not say when it is filled up" : "\(text) is no refill",
        "Write daily, monthly, or cron's five fields with minute, hour and perhaps a day from 1 to "
          + "28, in UTC, such as 0 6 * * *.")
    }
    self.name = name
    self.count = count
    self.refill = refill
    self.subject = subject
    self.route = route
  }

  /// The quota as it applies to a request.
  func applying(to identity: Identity, in table: LimitTable, at now: Timestamp) -> ApplyingLimit {
    let now = table.time(now)
    let (start, end) = refill.period(at: now)
    // A nanosecond for a unit: within a period nothing comes back.
    let terms = QuotaTerms(interval: 1, capacity: Int64(count), period: start..<end)
    return ApplyingLimit(
      name: name, quota: count, window: .milliseconds(end.milliseconds - start.milliseconds),
      terms: terms, size: LeaseSize(terms), subject: subject.budget(of: identity), table: table,
      now: now)
  }
}
