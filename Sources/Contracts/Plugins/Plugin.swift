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
