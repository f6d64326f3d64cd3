import CardeaContracts

/// Something wrong with the configuration: where it stands, what it is, and how to put it right.
package struct SettingFault: Error, Sendable, Equatable, CustomStringConvertible {
  package let origin: SettingOrigin
  /// The setting's full name, or what stands in its place.
  package let setting: String
  /// The value as it was given, or `<PEM>`; `nil` where there is none.
  package let value: String?
  package let problem: String
  package let remedy: String

  package init(
    origin: SettingOrigin, setting: String, value: String? = nil, problem: String, remedy: String
  ) {
    self.origin = origin
    self.setting = setting
    self.value = value.map { ConfigurationFault.shown($0) }
    self.problem = ConfigurationFault.quoted(problem)
    self.remedy = remedy
  }

  /// A fault that the kernel or a plugin found, placed where the setting was given.
  package init(_ fault: ConfigurationFault, origins: [String: SettingOrigin]) {
    let full = fault.plugin.map { "plugins.\($0).\(fault.setting)" }
    let name = full.flatMap { origins[$0] == nil ? nil : $0 } ?? fault.setting
    self.init(
      origin: origins[name] ?? .standard, setting: SafeText.line(name),
      value: fault.value.map { SafeText.line($0, limit: 80) }, problem: fault.problem,
      remedy: fault.remedy)
  }

  /// Without those that say the same of the same value of the same setting.
  package static func distinct(_ faults: [SettingFault]) -> [SettingFault] {
    var seen: Set<[String?]> = []
    return faults.filter {
      seen.insert([$0.setting, $0.value, $0.problem, $0.origin.description]).inserted
    }
  }

  /// Those of the file first, by line; the rest as they were found.
  package static func ordered(_ faults: [SettingFault]) -> [SettingFault] {
    func line(_ fault: SettingFault) -> Int {
      if case .file(_, let line) = fault.origin { line ?? 0 } else { .max }
    }
    return faults.enumerated().sorted { left, right in
      (line(left.element), left.offset) < (line(right.element), right.offset)
    }.map(\.element)
  }

  package var description: String {
    let shown = value.map { " = \($0)" } ?? ""
    return "\(origin): \(SafeText.line(setting))\(shown): \(problem). \(remedy)"
  }
}
