/// Every fault of a configuration at once.
public struct ConfigurationFaults: Error, Sendable, Equatable, CustomStringConvertible {
  /// At least one, in the order in which they were found.
  public let faults: [ConfigurationFault]

  public init(_ faults: [ConfigurationFault]) { self.faults = faults }

  public var description: String {
    faults.map(\.description).joined(separator: "\n")
  }
}
