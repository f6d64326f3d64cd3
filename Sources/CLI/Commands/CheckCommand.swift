import ArgumentParser
import CardeaContracts
import CardeaServer

/// `cardea check`: whether everything is in order to serve, and what is not safe.
struct CheckCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check configuration and store, and name what is not safe.",
    discussion: """
      Exit code 0: the server can start; warnings may be printed. 2: the configuration has faults, \
      all of which are listed. 3: the store can't be opened, or there is none.

      Example:
        cardea check --config /etc/cardea.yaml
        cardea check --settings
      """)

  @OptionGroup var common: CommonOptions

  @Flag(
    help: "Only list every setting: value, where it came from, name in the environment, meaning.")
  var settings = false

  func perform() async throws {
    if settings { return try listSettings() }
    try await Session.run(common) { session in
      var findings = SafetyCheck.findings(session.settings)
      findings += try TLSSetup.findings(session.settings, now: session.now)
      findings += try await SafetyCheck.findings(session.kernel)
      guard !session.json else {
        return try session.print(Report(settings: session.settings, findings: findings))
      }
      session.console.out(
        "configuration: good (\(session.settings.file.map { SafeText.line($0) } ?? "no file"))")
      session.console.out(
        "store: good (\(StoreURL.shown(session.settings[SettingsTable.storeURL])))")
      for finding in findings {
        session.console.out("\(finding.level.rawValue): \(SafeText.line(finding.message))")
      }
    }
  }

  private func listSettings() throws {
    let session = try Session(common)
    let rows = SettingsTable.rows + Toolbox.current.plugins.flatMap { PluginSettings($0).rows }
    guard !session.json else {
      let list = rows.map { SettingLine($0, session.settings) }
      return try session.print(["settings": list])
    }
    var table = Table(["SETTING", "VALUE", "FROM", "ENVIRONMENT", "MEANING"])
    for row in rows {
      let line = SettingLine(row, session.settings)
      table.add([
        .init(line.name), .init(line.value ?? "-"), .init(line.from), .init(line.environment),
        .init(line.documentation),
      ])
    }
    session.print(table)
  }

  private struct SettingLine: Encodable {
    let name: String
    let type: String
    let value: String?
    let from: String
    let environment: String
    let documentation: String

    init(_ row: SettingRow, _ settings: Settings) {
      name = row.name
      type = row.type.rawValue
      value = settings.shown(row)
      from = settings.origin(row.name).description
      environment = row.environmentName
      documentation = row.documentation
    }
  }

  private struct Report: Encodable {
    let ok = true
    let config: String?
    let store: String
    let findings: [Finding]

    init(settings: Settings, findings: [Finding]) {
      config = settings.file
      store = StoreURL.shown(settings[SettingsTable.storeURL])
      self.findings = findings
    }
  }
}
