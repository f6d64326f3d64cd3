import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a program is made of: the plugins that its settings may ask for, the stores that its URL
/// may name, and where it reads and writes.
package struct Toolbox: Sendable {
  package var plugins: [any ConfigurablePlugin.Type]
  package var stores: [StoreScheme]
  package var environment: [String: String]
  package var console: Console

  /// The program's own. Bound for the time of one run, so that nothing global is set up.
  @TaskLocal package static var current = Toolbox(
    plugins: StandardConfigurables.plugins, stores: StandardStores.schemes,
    environment: ProcessInfo.processInfo.environment, console: Console())
}
