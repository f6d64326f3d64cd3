import CardeaContracts

/// Shows which team a key belongs to, as its metadata say.
public struct TeamPage: PagePlugin {
  public let id = "page.team"

  public init() {}

  private func team(_ key: PageKey) -> String? {
    if case .string(let name) = key.metadata["team"] { name } else { nil }
  }

  public var columns: [PageColumn] {
    [PageColumn("Team") { key in team(key).map { .text($0) } ?? .none }]
  }

  public var filters: [PageFilter] {
    let choices = [PageFilter.Choice("known", label: "Known"), .init("none", label: "None")]
    return [
      PageFilter("team", label: "Team", choices: choices) { key, choice in
        (team(key) != nil) == (choice == "known")
      }
    ]
  }

  public var actions: [PageAction] {
    [
      PageAction(
        "suspend_orphans", title: "Suspend without team",
        effect: "Keys of no team are refused from now on, until somebody reactivates them."
      ) { key in
        team(key) == nil && key.state == .active ? .suspend : nil
      }
    ]
  }

  public var panels: [PagePanel] {
    [
      PagePanel(
        "Teams",
        .overview { keys in
          let counts = Dictionary(grouping: keys.compactMap(team)) { $0 }
          return PageContent(
            figures: counts.keys.sorted().map { .init($0, Int64(counts[$0]?.count ?? 0)) })
        })
    ]
  }
}
