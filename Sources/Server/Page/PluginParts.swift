import CardeaContracts

/// What plugins add to the page, under names that no two of them share.
struct PluginParts: Sendable {
  let columns: [PageColumn]
  /// By the name of their query item.
  private let filters: [(name: String, filter: PageFilter)]
  /// By the name that their button sends.
  let actions: [(name: String, action: PageAction)]
  private let panels: [PagePanel]

  init(_ plugins: [any PagePlugin]) {
    columns = plugins.flatMap(\.columns)
    filters = plugins.flatMap { plugin in
      plugin.filters.map { ("\(plugin.id).\($0.name)", $0) }
    }
    actions = plugins.flatMap { plugin in
      plugin.actions.map { ("\(plugin.id).\($0.name)", $0) }
    }
    panels = plugins.flatMap(\.panels)
  }

  // MARK: filters

  /// The query items that they are read from.
  var filterNames: Set<String> { Set(filters.map(\.name)) }

  /// What the filters that are filled in say of a key; `nil` if none is.
  func filter(_ fields: QueryFields) throws(Problem) -> (@Sendable (PageKey) -> Bool)? {
    var wanted: [(PageFilter, String)] = []
    for (name, filter) in filters {
      guard let value = fields.string(name) else { continue }
      guard filter.choices.contains(where: { $0.value == value }) else {
        throw .invalid(
          name, "must be one of \(filter.choices.map(\.value).joined(separator: ", "))")
      }
      wanted.append((filter, value))
    }
    if wanted.isEmpty { return nil }
    return { [wanted] key in wanted.allSatisfy { $0.0.takes(key, $0.1) } }
  }

  /// Their fields, filled in.
  func fields(_ fields: QueryFields) -> [[String: Any]] {
    filters.map { name, filter in
      let chosen = fields.string(name)
      let any: [String: Any] = ["value": "", "label": "Any", "selected": chosen == nil]
      let options: [[String: Any]] = filter.choices.map {
        ["value": $0.value, "label": $0.label, "selected": $0.value == chosen]
      }
      return ["name": name, "label": filter.label, "options": [any] + options]
    }
  }

  // MARK: what is shown

  func cells(_ key: PageKey) -> [[String: Any]] {
    columns.map { column in
      PluginView.value(column.value(key), now: key.now).merging(["title": column.title]) { $1 }
    }
  }

  /// The panels of a key's page.
  func panels(of key: PageKey) -> [[String: Any]] {
    let found = panels.compactMap { panel -> (String, PageContent)? in
      guard case .key(let content) = panel.place else { return nil }
      return (panel.heading, content(key))
    }
    return PluginView.panels(found, now: key.now)
  }

  /// The panels of the overview. The keys are read only if there is one.
  func panels(
    now: Timestamp, of keys: () async throws -> [PageKey]
  ) async throws -> [[String: Any]] {
    var makers: [(String, @Sendable ([PageKey]) -> PageContent)] = []
    for panel in panels {
      if case .overview(let content) = panel.place { makers.append((panel.heading, content)) }
    }
    if makers.isEmpty { return [] }
    let keys = try await keys()
    return PluginView.panels(makers.map { ($0.0, $0.1(keys)) }, now: now)
  }
}
