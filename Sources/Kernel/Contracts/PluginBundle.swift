/// Several plugins that come together.
public protocol PluginBundle: Sendable {
  var plugins: [any Plugin] { get }
}
