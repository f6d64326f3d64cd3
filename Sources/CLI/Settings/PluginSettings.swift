import CardeaContracts

/// The settings that plugins declare, as rows beside those of the table.
struct PluginSettings: Sendable {
  let id: String
  let rows: [SettingRow]

  static let section = "plugins"

  init(_ plugin: any ConfigurablePlugin.Type) {
    id = plugin.id
    rows = plugin.settings.map { PluginSettings.row($0, of: plugin.id) }
  }

  /// What a row is called in its plugin's declaration.
  func shortName(_ row: SettingRow) -> String {
    String(row.name.dropFirst("\(PluginSettings.section).\(id).".count))
  }

  private static func row(_ declaration: SettingDeclaration, of id: String) -> SettingRow {
    let type = declaration.type
    return SettingRow(
      name: "\(section).\(id).\(declaration.name)", type: type,
      defaultText: declaration.defaultValue, flag: nil, documentation: declaration.documentation
    ) { (text: SettingText) throws(SettingProblem) -> any Sendable in
      try value(text, of: type)
    }
  }

  static func value(
    _ text: SettingText, of type: SettingDeclaration.ValueType
  ) throws(SettingProblem) -> SettingValue {
    switch type {
    case .string: .string(try SettingValueReader.string(text))
    case .integer: .integer(try SettingValueReader.integer(text, in: Int.min...Int.max))
    case .boolean: .boolean(try SettingValueReader.boolean(text))
    case .duration:
      .duration(
        try SettingValueReader.duration(text, in: .zero...(.seconds(36_500 * 86_400))))
    case .strings: .strings(try SettingValueReader.strings(text))
    }
  }

  /// A declared default, which is written as in the file: `a`, `90d`, `[a, b]`.
  static func defaultText(_ row: SettingRow) -> SettingText? {
    guard let text = row.defaultText else { return nil }
    guard row.type == .strings else { return .one(text) }
    let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
    return .many(SettingsReader.list(isBracketed ? String(text.dropFirst().dropLast()) : text))
  }
}
