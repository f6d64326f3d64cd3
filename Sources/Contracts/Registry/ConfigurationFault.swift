/// Something wrong with the configuration: where, what, and how to put it right.
public struct ConfigurationFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The plugin that it concerns; `nil` for the kernel's own settings.
  public let plugin: String?
  /// The setting's full name: `token.namespace`.
  public let setting: String
  /// The value found, if it may be shown; `<PEM>` in place of one that holds a key or a certificate itself.
  public let value: String?
  /// What is wrong, as a part of a sentence.
  public let problem: String
  /// What to do about it, as a sentence.
  public let remedy: String

  public init(
    plugin: String? = nil, setting: String, value: String? = nil, problem: String, remedy: String
  ) {
    self.plugin = plugin
    self.setting = setting
    self.value = value.map { ConfigurationFault.shown($0) }
    self.problem = ConfigurationFault.quoted(problem)
    self.remedy = remedy
  }

  /// A value as it may be shown. Whoever was to name a file may have written what is in it.
  package static func shown(_ value: String) -> String {
    value.utf8.firstRange(of: "-----BEGIN".utf8) == nil ? value : "<PEM>"
  }

  /// A problem as it may be shown: it may quote the value.
  package static func quoted(_ problem: String) -> String {
    shown(problem) == problem
      ? problem : "it holds a key or a certificate, where it should name something"
  }

  public var description: String {
    let subject = plugin.map { "\(setting) (\($0))" } ?? setting
    let shown = value.map { " = \($0)" } ?? ""
    return "\(subject)\(shown): \(problem). \(remedy)"
  }
}
