import CardeaContracts

/// The settings in force: of each the value of the first source that has one, else the default.
package struct Settings: Sendable {
  private var values: [String: any Sendable] = [:]
  /// Where each setting came from that somebody gave.
  package private(set) var origins: [String: SettingOrigin] = [:]
  /// What was given, as it was written.
  private var texts: [String: SettingText] = [:]
  /// The values of each configurable plugin's settings, by its id.
  package private(set) var plugins: [String: SettingValues] = [:]
  /// The file that was read, if one was.
  package let file: String?

  package init(file: String? = nil) { self.file = file }

  package subscript<Value>(setting: Setting<Value>) -> Value {
    // Not `values[name] as? Value`: that takes an absent value for the `nil` of an optional one.
    guard let value = values[setting.name] else { return setting.defaultValue }
    return value as? Value ?? setting.defaultValue
  }

  package func origin(_ name: String) -> SettingOrigin { origins[name] ?? .standard }

  mutating func set(_ name: String, _ value: any Sendable) { values[name] = value }

  /// A row's value as it was written, secrets in it masked, or its default; `nil` if it has none.
  package func shown(_ row: SettingRow) -> String? {
    let shown = (texts[row.name]?.shown).map(ConfigurationFault.shown) ?? row.defaultText
    return row.name == SettingsTable.storeURL.name ? shown.map(StoreURL.shown) : shown
  }

  mutating func note(_ name: String, _ text: SettingText?, from origin: SettingOrigin) {
    origins[name] = origin
    texts[name] = text
  }

  mutating func set(plugin id: String, _ values: SettingValues) { plugins[id] = values }
}
