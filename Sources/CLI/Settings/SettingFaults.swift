/// Every fault of a configuration at once. Nothing was started.
package struct SettingFaults: Error, Sendable, Equatable, CustomStringConvertible {
  package let faults: [SettingFault]

  package init(_ faults: [SettingFault]) { self.faults = faults }

  package var description: String { faults.map(\.description).joined(separator: "\n") }
}
