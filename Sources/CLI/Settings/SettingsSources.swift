/// Where settings come from; the first that has one wins.
package struct SettingsSources: Sendable {
  /// Values of options of the command line, by the setting's name.
  package var flags: [String: String] = [:]
  package var environment: [String: String] = [:]
  package var file: SettingsFile?

  package init(
    flags: [String: String] = [:], environment: [String: String] = [:], file: SettingsFile? = nil
  ) {
    self.flags = flags
    self.environment = environment
    self.file = file
  }
}
