import CardeaCLI
import Testing

/// What the documents say of settings is what the program reads them by.
@Suite struct SettingsGuideTests {
  private static let guide = "Sources/Cardea/Cardea.docc/Settings.md"

  @Test func theGuideHoldsTheTableOfTheProgram() throws {
    let shown = try Repository.text(of: Self.guide).split(separator: "\n").filter {
      $0.hasPrefix("| `")
    }
    let rows = SettingsTable.rows.map(row)
    #expect(shown.map(String.init) == rows, "it should say:\n\(rows.joined(separator: "\n"))")
  }

  @Test func theReadmeShowsSettingsThatExistWithTheirDefaults() throws {
    let block = try #require(
      try FencedBlock.all(in: "README.md").first { $0.mark == "settings" },
      "the README shows no settings")
    let defaults = Dictionary(
      SettingsTable.rows.map { ($0.name, $0.defaultText ?? "") }, uniquingKeysWith: { $1 })
    var count = 0
    for line in block.lines {
      let (section, fields) = try #require(
        line.wholeMatch(of: /(\w+): +\{ (.*) \}/).map { ($0.1, $0.2) }, "can't read \(line)")
      for field in fields.matches(of: /(\w+): (\[[^\]]*\]|"[^"]*"|[^,]+)/) {
        let value = field.2.trimmingPrefix("\"")
        let written = value.hasSuffix("\"") ? value.dropLast() : value
        #expect(defaults["\(section).\(field.1)"] == String(written), "\(section).\(field.1)")
        count += 1
      }
    }
    #expect(count >= 10)
  }

  private func row(_ setting: SettingRow) -> String {
    let flag = setting.flag.map { ", `\($0)`" } ?? ""
    return "| `\(setting.name)` | `\(setting.defaultText ?? "none")` | \(setting.documentation) | "
      + "`\(setting.environmentName)`\(flag) |"
  }
}
