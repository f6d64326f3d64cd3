import CardeaContracts
import CardeaLimits

/// One rate limit: `minute 600/1m burst=50 by=owner path=/orders method=POST`.
///
/// `burst` is how many may come at once: 1 to the rate's count. Unless given, it is one more than a hundredth of it,
/// so that the count over the rate's own time is met within 1 %. Over any time t the rule lets through at most
/// `burst + t × rate`.
public struct RateLimitRule: Sendable {
  /// Names the limit in the RateLimit header fields.
  public let name: String
  /// How many in which time.
  public let rate: Rate
  let gcra: GCRA
  let subject: LimitSubject
  let route: RoutePattern

  private static let options: Set<String> = ["burst", "by", "path", "method"]

  /// Reads a rule; what is wrong with it is a fault of `setting`.
  public init(
    _ text: String, setting: String = "rules"
  ) throws(ConfigurationFault) {
    do throws(RuleFault) { try self.init(reading: text) } catch {
      throw error.fault(of: RateLimitPolicy.id, setting, text)
    }
  }

  private init(reading text: String) throws(RuleFault) {
    let parts = try RuleText(text, options: RateLimitRule.options)
    guard parts.words.count == 2 else {
      throw RuleFault(
        "it is not a name and a rate", "Write for example: minute 600/1m burst=50 by=owner.")
    }
    guard LimitState.isValid(name: parts.words[0]) else {
      throw RuleFault(
        "\(parts.words[0]) can't be a limit's name", "Use letters, digits, '-', '_' and '.'.")
    }
    try self.init(
      name: parts.words[0], rate: parts.words[1], burst: parts.option("burst"),
      subject: try LimitSubject(option: parts.option("by")),
      route: try RoutePattern(method: parts.option("method"), path: parts.option("path")))
  }

  /// A key's own rate, from its metadata: `100/1m` or `100/1m burst=20`.
  init(ofKey text: String) throws(RuleFault) {
    let parts = try RuleText(text, options: ["burst"])
    guard parts.words.count == 1 else {
      throw RuleFault("it is not a rate", "Write for example: 100/1m burst=20.")
    }
    try self.init(
      name: "key", rate: parts.words[0], burst: parts.option("burst"), subject: .key, route: .all)
  }

  private init(
    name: String, rate text: String, burst: String?, subject: LimitSubject, route: RoutePattern
  ) throws(RuleFault) {
    guard let rate = Rate(text) else {
      throw RuleFault(
        "\(text) is no rate",
        "Write a count of at most 1000000 and a duration from 1s to 366d, such as 600/1m.")
    }
    var units = rate.count / 100 + 1
    if let burst {
      guard let number = DecimalText.parse(burst.utf8), (1...rate.count).contains(number) else {
        throw RuleFault("burst=\(burst) is out of range", "Write 1 to \(rate.count).")
      }
      units = number
    }
    self.name = name
    self.rate = rate
    self.subject = subject
    self.route = route
    gcra = GCRA(rate, burst: units)
  }

  /// The limit as it applies to a request.
  /// - Parameter most: the most units that one request takes.
  func applying(
    to identity: Identity, in table: LimitTable, cost most: Int64, at now: Timestamp
  ) -> ApplyingLimit {
    let terms = QuotaTerms(interval: gcra.interval, capacity: gcra.capacity)
    return ApplyingLimit(
      name: name, quota: rate.count, window: rate.window, terms: terms,
      size: LeaseSize(terms, cost: most), subject: subject.budget(of: identity), table: table,
      now: table.time(now))
  }
}
