public import CardeaContracts

/// Helps whoever looks after keys on the admin page to see in time which ones run out: a column and a filter, an
/// action that extends them, and panels that count and explain.
///
/// It sees snapshots and answers with values. That a key is extended is the kernel's doing, by the rights of whoever
/// pressed the button.
public struct ExpiryReviewPage: PagePlugin, ConfigurablePlugin {
  public static let id = "page.expiry_review"
  public static let settings = [
    SettingDeclaration(
      "warn", .duration, "How long before its expiry a key is due. Unset: no review."),
    SettingDeclaration(
      "extend", .duration, default: "90d", "For how long from now on a key is extended."),
  ]

  private let warn: Duration
  private let extend: Duration

  public init(warn: Duration, extend: Duration = .seconds(90 * 86_400)) {
    self.warn = warn
    self.extend = extend
  }

  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> ExpiryReviewPage? {
    guard let warn = settings.duration("warn") else { return nil }
    let extend = settings.duration("extend") ?? .seconds(90 * 86_400)
    guard extend > warn else {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.\(id).extend", value: DurationText.finite(extend).description,
        problem: "a key that was extended would be due at once",
        remedy: "Give more than warn, which is \(DurationText.finite(warn)).")
    }
    return ExpiryReviewPage(warn: warn, extend: extend)
  }

  // MARK: What it finds

  private enum Review: String, CaseIterable {
    case due, later, never, over

    var label: String {
      switch self {
      case .due: "Due"
      case .later: "Later"
      case .never: "Never expires"
      case .over: "Over"
      }
    }

    var mood: PageValue.Mood {
      switch self {
      case .due: .warning
      case .later: .good
      case .never, .over: .plain
      }
    }
  }

  private func review(_ key: PageKey) -> Review {
    switch key.state {
    case .expired, .revoked, .purged: return .over
    case .active, .suspended: break
    }
    guard let end = key.expiresAt else { return .never }
    return end <= key.now.adding(warn) ?? .latest ? .due : .later
  }

  // MARK: What it adds

  public var columns: [PageColumn] {
    [PageColumn("Review") { .badge(review($0).label, review($0).mood) }]
  }

  public var filters: [PageFilter] {
    [
      PageFilter(
        "review", label: "Review",
        choices: Review.allCases.map { .init($0.rawValue, label: $0.label) }
      ) { review($0).rawValue == $1 }
    ]
  }

  public var actions: [PageAction] {
    let length = DurationText.finite(extend)
    return [
      PageAction(
        "extend", title: "Extend by \(length)",
        effect: "These keys expire \(length) from now. Keys that are not due stay as they are."
      ) { key in
        guard review(key) == .due else { return nil }
        var edit = KeyEdit()
        edit.expiry = .after(extend)
        return .update(edit)
      }
    ]
  }

  public var panels: [PagePanel] {
    [
      PagePanel(
        "Expiry reviews",
        .overview { keys in
          let found = keys.map(review)
          return PageContent(
            figures: Review.allCases.map { kind in
              .init(kind.label, Int64(found.count { $0 == kind }))
            })
        }),
      PagePanel(
        "Expiry review",
        .key { key in
          PageContent(rows: [
            .init("Review", .badge(review(key).label, review(key).mood)),
            .init("Due from", key.expiresAt?.adding(.zero - warn).map { .time($0) } ?? .none),
            .init("Ask", key.owner.map { .text($0.name) } ?? .text(key.createdBy)),
          ])
        }),
    ]
  }
}
