/// A setting as people see it: the name in the settings file, the value as it is written there, and where it came from.
/// Of a secret the value says no more than that there is one.
public struct ShownSetting: Sendable, Equatable {
  public let name: String
  public let value: String
  public let origin: String

  public init(name: String, value: String, origin: String) {
    self.name = name
    self.value = value
    self.origin = origin
  }
}
