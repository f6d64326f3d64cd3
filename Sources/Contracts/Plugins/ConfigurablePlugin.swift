/// A plugin that operators configure under `plugins.<id>`.
public protocol ConfigurablePlugin: Plugin {
  /// The id that every instance has.
  static var id: String { get }
  /// The settings that it takes; an undeclared one in the file is a fault.
  static var settings: [SettingDeclaration] { get }
  /// Builds the plugin. `nil` where the settings say that it is not wanted.
  static func make(settings: SettingValues) throws(ConfigurationFault) -> Self?
}

extension ConfigurablePlugin {
  public var id: String { Self.id }
}
