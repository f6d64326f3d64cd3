/// A setting that a plugin declares: its name, type, default and documentation.
public struct SettingDeclaration: Sendable {
  /// What a setting's value may be; `strings` is a list.
  public enum ValueType: String, Sendable { case string, integer, boolean, duration, strings }

  /// The name below `plugins.<id>`, in snake_case.
  public let name: String
  /// What its value is read as.
  public let type: ValueType
  /// The default as a person would write it in the file; `nil` means that it is unset.
  public let defaultValue: String?
  /// What it is for, as people are told.
  public let documentation: String

  public init(
    _ name: String, _ type: ValueType, default defaultValue: String? = nil, _ documentation: String
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.documentation = documentation
  }
}
