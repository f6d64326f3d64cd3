import CardeaCLI
import CardeaContracts

/// Reads settings from a file's text, an environment and flags; the file is called `cardea.yaml`.
func readSettings(
  _ yaml: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:],
  plugins: [any ConfigurablePlugin.Type] = []
) -> (settings: Settings, faults: [SettingFault]) {
  var faults: [SettingFault] = []
  let file = yaml.flatMap { SettingsFile.parse($0, path: "cardea.yaml", faults: &faults) }
  let result = SettingsReader.read(
    SettingsSources(flags: flags, environment: environment, file: file), plugins: plugins)
  return (result.settings, faults + result.faults)
}

/// A plugin with one setting of each type.
struct SamplePlugin: ConfigurablePlugin {
  static let id = "listener.sample"
  static let settings = [
    SettingDeclaration("path", .string, "A path."),
    SettingDeclaration("limit", .integer, default: "7", "A number."),
    SettingDeclaration("loud", .boolean, default: "false", "A switch."),
    SettingDeclaration("pause", .duration, default: "5s", "A duration."),
    SettingDeclaration("names", .strings, default: "[a, b]", "A list."),
  ]

  static func make(settings: SettingValues) throws(ConfigurationFault) -> SamplePlugin? {
    settings.string("path") == nil ? nil : SamplePlugin()
  }

  func register(in registry: inout Registry) {}
}

/// A plugin whose id starts like another's.
struct BarePlugin: ConfigurablePlugin {
  static let id = "audit.bare"
  static let settings: [SettingDeclaration] = []

  static func make(settings: SettingValues) throws(ConfigurationFault) -> BarePlugin? {
    BarePlugin()
  }

  func register(in registry: inout Registry) {}
}
