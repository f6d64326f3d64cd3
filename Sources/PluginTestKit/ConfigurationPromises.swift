import CardeaContracts

/// What a ``ConfigurablePlugin`` promises, besides what its kind does.
public struct ConfigurationPromises<Configured: ConfigurablePlugin>: Sendable {
  private let accepted: [SettingValues]
  private let refused: [SettingValues]

  /// - Parameters:
  ///   - accepted: values under which the plugin is made.
  ///   - refused: values, each of its declared type, that are a fault.
  public init(
    _ type: Configured.Type, accepted: [SettingValues], refused: [SettingValues] = []
  ) {
    self.accepted = accepted
    self.refused = refused
  }

  public var all: [Promise] {
    [
      Promise("declares each setting once, in snake_case, and documents it") {
        let names = Configured.settings.map(\.name)
        try require(Set(names).count == names.count, "a setting is declared twice: \(names)")
        for setting in Configured.settings {
          try require(isName(setting.name), "\"\(setting.name)\" is not in snake_case")
          try require(!setting.documentation.isEmpty, "\(setting.name) is not documented")
        }
      },
      Promise("declares defaults of the declared types") {
        for setting in Configured.settings {
          guard let text = setting.defaultValue else { continue }
          let fits =
            switch setting.type {
            case .string, .strings: true
            case .integer: Int(text) != nil
            case .boolean: ["true", "false"].contains(text)
            case .duration: isDuration(text)
            }
          try require(
            fits, "the default of \(setting.name), \"\(text)\", is no \(setting.type.rawValue)")
        }
      },
      Promise("is made under the settings that it should take") {
        try require(!accepted.isEmpty, "there are no settings to try")
        for values in accepted {
          let plugin = try require(try Configured.make(settings: values), "it was not made")
          try require(plugin.id, is: Configured.id, "the id of the plugin that was made")
        }
      },
      Promise("names itself, setting, problem and remedy in its faults") {
        for values in refused {
          var fault: ConfigurationFault?
          do throws(ConfigurationFault) { _ = try Configured.make(settings: values) } catch {
            fault = error
          }
          let found = try require(fault, "settings that are wrong are taken")
          try require(found.plugin, is: Configured.id, "the plugin that the fault names")
          try require(
            Configured.settings.contains { found.setting.hasSuffix($0.name) },
            "the fault names the setting \"\(found.setting)\", which is not declared")
          try require(
            !found.problem.isEmpty && !found.remedy.isEmpty, "the fault lacks problem or remedy")
        }
      },
    ]
  }

  /// `500ms`, `30s`, `10m`, `12h`, `90d`, `never`.
  private func isDuration(_ text: String) -> Bool {
    if text == "never" { return true }
    let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
    let unit = String(text.dropFirst(digits.count))
    return !digits.isEmpty && ["ms", "s", "m", "h", "d"].contains(unit)
  }
}
