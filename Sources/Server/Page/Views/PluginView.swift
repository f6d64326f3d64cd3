import CardeaContracts

/// What plugins show, as the templates take it.
enum PluginView {
  static func value(_ value: PageValue, now: Timestamp) -> [String: Any] {
    var shown: [String: Any] = [
      "plain": false, "code": false, "moment": false, "badge": false, "nothing": false,
    ]
    switch value {
    case .none: shown["nothing"] = true
    case .text(let text): shown[text.isEmpty ? "nothing" : "plain"] = text.isEmpty ? true : text
    case .code(let text): shown["code"] = text
    case .number(let number): shown["plain"] = "\(number)"
    case .time(let time): shown["moment"] = PageText.time(time, now: now)
    case .badge(let text, let mood):
      shown["badge"] = text
      shown["mood"] = style(of: mood)
    }
    return shown
  }

  private static func style(of mood: PageValue.Mood) -> String {
    switch mood {
    case .plain: "plain"
    case .good: "active"
    case .warning: "suspended"
    case .bad: "revoked"
    }
  }

  static func panels(_ panels: [(heading: String, content: PageContent)], now: Timestamp)
    -> [[String: Any]]
  {
    panels.enumerated().map { index, panel in
      let content = panel.content
      let most = max(1, content.figures.map(\.value).max() ?? 1)
      return [
        "number": index, "heading": panel.heading,
        "text": (content.text.isEmpty ? nil : content.text).shown,
        "rows": content.rows.map { row in
          value(row.value, now: now).merging(["name": row.name]) { $1 }
        }, "any_row": !content.rows.isEmpty, "any_figure": !content.figures.isEmpty,
        "figures": content.figures.map { figure in
          let value = max(0, figure.value)
          let share = value == 0 ? 0 : max(1, Int(Double(value) / Double(most) * 100))
          return ["name": figure.name, "value": value, "share": share] as [String: Any]
        },
      ]
    }
  }
}
