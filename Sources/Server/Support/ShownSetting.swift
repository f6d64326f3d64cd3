/// A setting as people see it: the name in the settings file, the value as it is written there, and where it came from.
/// Of a secret the value says no more than that there is one.
public struct ShownSetting: Sendable, Equatable {
  /// As the settings file spells it.
  public let name: String
  /// As it is written there; of a secret only that there is one.
  public let value: String
  /// The file, the environment, the command line, or the default.
  public let origin: String

  public init(name: String, value: String, origin: String) {
    self.name = name
    self.value = value
    self.origin = origin
  }
}
