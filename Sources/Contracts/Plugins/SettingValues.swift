/// The values of a plugin's declared settings, defaults filled in.
public struct SettingValues: Sendable {
  private let values: [String: SettingValue]

  /// - Parameter values: by name, each of the type that was declared.
  public init(_ values: [String: SettingValue]) { self.values = values }

  /// The value, whatever its type; `nil` if it is unset.
  public subscript(name: String) -> SettingValue? { values[name] }

  /// The value if it is set and a text; likewise those below.
  public func string(_ name: String) -> String? {
    if case .string(let value) = values[name] { value } else { nil }
  }
  /// The value if it is set and a whole number.
  public func integer(_ name: String) -> Int? {
    if case .integer(let value) = values[name] { value } else { nil }
  }
  /// The value if it is set and a truth value.
  public func boolean(_ name: String) -> Bool? {
    if case .boolean(let value) = values[name] { value } else { nil }
  }
  /// The value if it is set and a duration.
  public func duration(_ name: String) -> Duration? {
    if case .duration(let value) = values[name] { value } else { nil }
  }
  /// The value if it is set and a list.
  public func strings(_ name: String) -> [String]? {
    if case .strings(let value) = values[name] { value } else { nil }
  }

  /// The same without an entry of a list; `nil` if the list has no such entry.
  package func removing(_ entry: String, from name: String) -> SettingValues? {
    guard var entries = strings(name),
      let index = entries.firstIndex(where: { $0.utf8.elementsEqual(entry.utf8) })
    else { return nil }
    entries.remove(at: index)
    var values = values
    values[name] = .strings(entries)
    return SettingValues(values)
  }
}
