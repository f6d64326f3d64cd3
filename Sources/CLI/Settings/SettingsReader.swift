import CardeaContracts
import Configuration

/// Reads every declared setting from the sources and finds everything that is wrong with them.
///
/// Values come through a `ConfigReader` over three providers: flags, the environment, the file.
/// Names that nobody declared are found by walking the file and the environment against the
/// declarations, since providers can't enumerate.
package struct SettingsReader {
  private let sources: SettingsSources
  private let plugins: [PluginSettings]
  private let rows: [String: SettingRow]
  private let fileEntries: [String: SettingsFile.Entry]
  private let reader: ConfigReader
  private var faults: [SettingFault] = []

  package static func read(
    _ sources: SettingsSources, plugins: [any ConfigurablePlugin.Type]
  ) -> (settings: Settings, faults: [SettingFault]) {
    var reader = SettingsReader(sources, plugins: plugins.map(PluginSettings.init))
    let settings = reader.settings()
    return (settings, reader.faults)
  }

  /// The entries of a comma-separated list, blanks around them removed; an empty text is an empty
  /// list. `\,` is a comma that belongs to its entry.
  package static func list(_ text: String) -> [String] {
    var entries: [String] = []
    var isOpen = false
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if isOpen { entries[entries.count - 1] += "," + part } else { entries.append(String(part)) }
      isOpen = part.utf8.last == UInt8(ascii: "\\")
      if isOpen { entries[entries.count - 1].removeLast() }
    }
    // What stands at the very end is no escape.
    if isOpen { entries[entries.count - 1] += "\\" }
    entries = entries.map { String($0[...].trimmingBlanks()) }
    return entries == [""] ? [] : entries
  }

  private init(_ sources: SettingsSources, plugins: [PluginSettings]) {
    self.sources = sources
    self.plugins = plugins
    let all = SettingsTable.rows + plugins.flatMap(\.rows)
    rows = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let entries = sources.file?.entries ?? []
    fileEntries = Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    reader = SettingsReader.reader(sources, entries: entries, rows: rows)
  }

  private static func reader(
    _ sources: SettingsSources, entries: [SettingsFile.Entry], rows: [String: SettingRow]
  ) -> ConfigReader {
    func key(_ name: String) -> AbsoluteConfigKey { AbsoluteConfigKey(components(name)) }
    var flags: [AbsoluteConfigKey: ConfigValue] = [:]
    for (name, text) in sources.flags {
      let content: ConfigContent =
        rows[name]?.type == .strings ? .stringArray(list(text)) : .string(text)
      flags[key(name)] = ConfigValue(content, isSecret: false)
    }
    var file: [AbsoluteConfigKey: ConfigValue] = [:]
    for entry in entries {
      switch entry.text {
      case .one(let text): file[key(entry.name)] = ConfigValue(.string(text), isSecret: false)
      case .many(let texts):
        file[key(entry.name)] = ConfigValue(.stringArray(texts), isSecret: false)
      case nil: break
      }
    }
    let environment = EnvironmentVariablesProvider(environmentVariables: sources.environment)
    return ConfigReader(providers: [
      InMemoryProvider(name: "flags", values: flags), environment.prefixKeys(with: "cardea"),
      InMemoryProvider(name: "file", values: file),
    ])
  }

  private static func components(_ name: String) -> [String] {
    name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }

  private mutating func settings() -> Settings {
    findUnknown()
    var settings = Settings(file: sources.file?.path)
    for row in SettingsTable.rows {
      guard let (origin, text) = given(row) else { continue }
      settings.note(row.name, text, from: origin)
      if let text, let value = value(row, text, from: origin) { settings.set(row.name, value) }
      checkOverridden(row, by: origin)
    }
    for plugin in plugins { read(plugin, into: &settings) }
    return settings
  }

  private mutating func read(_ plugin: PluginSettings, into settings: inout Settings) {
    var values: [String: SettingValue] = [:]
    for row in plugin.rows {
      let name = plugin.shortName(row)
      if let (origin, text) = given(row) {
        settings.note(row.name, text, from: origin)
        values[name] = text.flatMap { value(row, $0, from: origin) } as? SettingValue
        checkOverridden(row, by: origin)
      } else if let text = PluginSettings.defaultText(row) {
        values[name] = value(row, text, from: .standard) as? SettingValue
      }
    }
    settings.set(plugin: plugin.id, SettingValues(values))
  }

  /// The first source that has the setting.
  private func origin(_ row: SettingRow) -> SettingOrigin? {
    if sources.flags[row.name] != nil { return .flag(row.flag ?? row.name) }
    if sources.environment[row.environmentName] != nil { return .environment(row.environmentName) }
    return fileEntries[row.name].map { .file(path: sources.file?.path ?? "", line: $0.line) }
  }

  /// What the first source that has the setting says, or `nil` if none has it.
  private mutating func given(_ row: SettingRow) -> (SettingOrigin, SettingText?)? {
    guard let origin = origin(row) else { return nil }
    if case .file = origin {
      guard let text = fileEntries[row.name]?.text else {
        addMissing(row, origin)
        return (origin, nil)
      }
      // A list for a text or the other way round: the reader would pass over it.
      let isList = if case .many = text { true } else { false }
      if isList != (row.type == .strings) { return (origin, text) }
    }
    let key = ConfigKey(SettingsReader.components(row.name))
    if case .environment = origin, row.type == .strings {
      // Not by the provider, which knows no escaped comma.
      return (origin, reader.string(forKey: key).map { .many(SettingsReader.list($0)) })
    }
    if row.type == .strings {
      return (origin, reader.stringArray(forKey: key).map { .many($0) })
    }
    return (origin, reader.string(forKey: key).map { .one($0) })
  }

  /// What is wrong in a source is wrong there, also while one before it wins.
  private mutating func checkOverridden(_ row: SettingRow, by winner: SettingOrigin) {
    if case .flag = winner, let text = sources.environment[row.environmentName] {
      let given = row.type == .strings ? .many(SettingsReader.list(text)) : SettingText.one(text)
      _ = value(row, given, from: .environment(row.environmentName))
    }
    if case .file = winner { return }
    guard let file = sources.file, let entry = fileEntries[row.name] else { return }
    guard let text = entry.text else { return addMissing(row, file.origin(entry)) }
    _ = value(row, text, from: file.origin(entry))
  }

  private mutating func addMissing(_ row: SettingRow, _ origin: SettingOrigin) {
    let standard = row.defaultText.map { $0.isEmpty ? "empty" : $0 } ?? "unset"
    add(
      row.name, nil, origin,
      SettingProblem(
        "no value", remedy: "Write a value or remove the line; the default is \(standard)."))
  }

  private mutating func value(
    _ row: SettingRow, _ text: SettingText, from origin: SettingOrigin
  ) -> (any Sendable)? {
    do throws(SettingProblem) {
      return try row.read(text)
    } catch {
      guard case .many(let entries) = text, let problems = row.problems else {
        add(row.name, text, origin, error)
        return nil
      }
      for (entry, problem) in problems(entries) { add(row.name, .one(entry), origin, problem) }
      return nil
    }
  }

  private mutating func add(
    _ name: String, _ text: SettingText?, _ origin: SettingOrigin, _ problem: SettingProblem
  ) {
    faults.append(
      SettingFault(
        origin: origin, setting: name, value: text?.shown, problem: problem.problem,
        remedy: problem.remedy))
  }

  // MARK: names that nobody declared

  private mutating func findUnknown() {
    var blamed: Set<String> = []
    for entry in sources.file?.entries ?? [] where rows[entry.name] == nil {
      guard let origin = sources.file?.origin(entry) else { continue }
      if entry.text == nil, isSection(entry.name) { continue }
      let prefix = "\(PluginSettings.section)."
      if entry.name.hasPrefix(prefix) {
        findUnknown(plugin: entry, String(entry.name.dropFirst(prefix.count)), origin, &blamed)
      } else if isSection(entry.name) {
        let inside = SettingsTable.rows.map(\.name).filter { $0.hasPrefix("\(entry.name).") }
        add(
          entry.name, entry.text, origin,
          SettingProblem(
            "a section, not a setting",
            remedy:
              "Write its settings below it, such as \(inside.first ?? "plugins.<id>.<setting>")."))
      } else {
        add(
          entry.name, entry.text, origin, unknown(entry.name, among: SettingsTable.rows.map(\.name))
        )
      }
    }
    findUnknownInEnvironment()
  }

  /// Below `plugins`: of a known plugin an unknown setting, else an unknown plugin, which is named
  /// once.
  private mutating func findUnknown(
    plugin entry: SettingsFile.Entry, _ rest: String, _ origin: SettingOrigin,
    _ blamed: inout Set<String>
  ) {
    if let plugin = plugins.first(where: { rest == $0.id || rest.hasPrefix("\($0.id).") }) {
      let names = plugin.rows.map(\.name)
      let problem =
        names.isEmpty
        ? SettingProblem("the plugin \(plugin.id) takes no settings", remedy: "Remove the line.")
        : unknown(entry.name, among: names)
      add(entry.name, entry.text, origin, problem)
      return
    }
    let isLeaf = entry.text != nil && rest.contains(".")
    let id = isLeaf ? rest.split(separator: ".").dropLast().joined(separator: ".") : rest
    guard blamed.insert(id).inserted else { return }
    let known = plugins.map(\.id)
    let remedy =
      NearestName.find(id, among: known).map { "Did you mean plugins.\($0)?" }
      ?? (known.isEmpty
        ? "This program has no plugin with settings."
        : "This program has: \(known.joined(separator: ", ")).")
    add(
      "\(PluginSettings.section).\(id)", nil, origin,
      SettingProblem("unknown plugin", remedy: remedy))
  }

  private mutating func findUnknownInEnvironment() {
    let known = rows.values.map(\.environmentName).sorted()
    for (name, text) in sources.environment.sorted(by: { $0.key < $1.key })
    where name.hasPrefix("CARDEA_") && !known.contains(name) {
      let nearest = NearestName.find(name, among: known)
      let isLink = ServiceLink.isOne(name, text)
      // Nobody knows what it is: a client's token, perhaps.
      add(
        name, nil, .environment(name),
        SettingProblem(
          isLink ? "unknown setting, which Kubernetes makes for a service" : "unknown setting",
          remedy: isLink
            ? ServiceLink.remedy
            : nearest.map { "Did you mean \($0)?" } ?? "Remove it from the environment."))
    }
  }

  private func unknown(_ name: String, among names: [String]) -> SettingProblem {
    SettingProblem(
      "unknown setting",
      remedy: NearestName.find(name, among: names).map { "Did you mean \($0)?" }
        ?? "Remove the line; cardea check --settings lists every name.")
  }

  private func isSection(_ name: String) -> Bool {
    name == PluginSettings.section
      || rows.keys.contains { $0.hasPrefix("\(name).") }
      || plugins.contains { "\(PluginSettings.section).\($0.id)" == name }
  }
}

extension Substring {
  /// Without the spaces and tabs around it.
  fileprivate func trimmingBlanks() -> Substring {
    var result = self
    while let first = result.first, first == " " || first == "\t" { result.removeFirst() }
    while let last = result.last, last == " " || last == "\t" { result.removeLast() }
    return result
  }
}
