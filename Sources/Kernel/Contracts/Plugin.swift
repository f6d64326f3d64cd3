/// Anything that is registered with the kernel.
///
/// One type conforms to one plugin kind; the kind supplies the registration. A plugin is registered
/// before the kernel is built and lives as long as it.
public protocol Plugin: Sendable {
  /// Stable, unique and namespaced by kind: `hasher.argon2id`, `extractor.header`.
  var id: String { get }

  /// Adds the plugin to `registry`. Every kind has a default; a type of two kinds writes both calls.
  func register(in registry: inout Registry)
}

/// Several plugins that come together.
public protocol PluginBundle: Sendable {
  var plugins: [any Plugin] { get }
}

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
