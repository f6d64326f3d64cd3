/// Where a setting's value came from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
  case flag(String)
  case environment(String)
  case file(path: String, line: Int?)
  /// Nobody gave it: the default.
  case standard

  package var description: String {
    switch self {
    case .flag(let name): "flag \(name)"
    case .environment(let name): "environment \(SafeText.line(name, limit: 120))"
    case .file(let path, let line?): "\(SafeText.line(path)):\(line)"
    case .file(let path, nil): SafeText.line(path)
    case .standard: "default"
    }
  }
}
