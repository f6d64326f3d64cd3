/// A setting's value, already of the declared type.
public enum SettingValue: Sendable, Equatable {
  case string(String)
  case integer(Int)
  case boolean(Bool)
  case duration(Duration)
  case strings([String])
}
