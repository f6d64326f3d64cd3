/// Several plugins that come together.
public protocol PluginBundle: Sendable {
  /// In the order in which they are registered.
  var plugins: [any Plugin] { get }
}
