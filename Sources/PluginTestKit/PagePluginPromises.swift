import CardeaLifecycle

/// What a ``PagePlugin`` promises.
///
/// ```swift
/// PagePluginPromises { MyPage() }.all
/// ```
public struct PagePluginPromises<Page: PagePlugin>: Sendable {
  private let make: @Sendable () throws -> Page
  private let samples: [PageKey]

  /// - Parameters:
  ///   - samples: keys of your own that it must answer for, besides those of the kit: of every state, with and without
  ///     owner and dates, with texts that are written to break a page.
  ///   - make: makes a plugin as it would be registered.
  public init(samples: [PageKey] = [], _ make: @escaping @Sendable () throws -> Page) {
    self.make = make
    self.samples = PageKey.samples + samples
  }

  public var all: [Promise] {
    identityPromises(kind: "page") { try make() } + [
      Promise("adds something, under names and titles that tell it apart") {
        let page = try make()
        let count =
          page.columns.count + page.filters.count + page.actions.count + page.panels.count
        try require(count > 0, "it adds nothing")
        try requireNames(page.filters.map(\.name), "a filter's name")
        try requireNames(page.actions.map(\.name), "an action's name")
        let titles =
          page.columns.map(\.title) + page.filters.map(\.label) + page.actions.map(\.title)
          + page.actions.map(\.effect) + page.panels.map(\.heading)
        try require(titles.allSatisfy { !$0.isEmpty }, "a title, label, effect or heading is empty")
        for filter in page.filters {
          try require(!filter.choices.isEmpty, "the filter \(filter.name) has no choice")
          try requireNames(filter.choices.map(\.value), "a choice of \(filter.name)")
          try require(
            filter.choices.allSatisfy { !$0.label.isEmpty }, "a choice's label is empty")
        }
      },
      Promise("answers for keys of every kind, the same each time") {
        let (page, samples) = (try make(), samples)
        try await withinPatience("a column, filter, action or panel") {
          for key in samples {
            try require(
              answers(page, key), is: answers(page, key), "what it says of \(key.prefix) again")
          }
        }
      },
      Promise("gives figures that can be drawn, also of no keys at all") {
        let (page, samples) = (try make(), samples)
        try await withinPatience("a panel") {
          for panel in page.panels {
            let contents =
              switch panel.place {
              case .key(let content): samples.map(content)
              case .overview(let content): [content([]), content(samples)]
              }
            for figure in contents.flatMap(\.figures) {
              try require(figure.value >= 0, "\(panel.heading) has a figure of \(figure.value)")
              try require(!figure.name.isEmpty, "\(panel.heading) has a figure without a name")
            }
          }
        }
      },
      Promise("asks for no change of a key that is gone for good") {
        let page = try make()
        for action in page.actions {
          for key in samples where key.state == .revoked || key.state == .purged {
            try require(
              action.change(key) == nil,
              "\(action.name) asks for a change of a key that is \(key.state.rawValue)")
          }
        }
      },
    ]
  }
}

/// Each a name such as `due_soon`, and no two alike.
private func requireNames(_ names: [String], _ what: String) throws {
  for name in names {
    try require(isName(name), "\(what) is \"\(name)\"; it should be of small letters, digits and _")
  }
  try require(Set(names).count == names.count, "\(what) is there twice: \(names)")
}

/// Everything that a plugin says of one key.
private func answers(_ page: some PagePlugin, _ key: PageKey) -> [String] {
  var all = page.columns.map { "\($0.value(key))" }
  for filter in page.filters {
    all += filter.choices.map { "\(filter.takes(key, $0.value))" }
  }
  all += page.actions.map { action in action.change(key).map { "\($0)" } ?? "none" }
  for panel in page.panels {
    if case .key(let content) = panel.place { all.append("\(content(key))") }
  }
  return all
}
