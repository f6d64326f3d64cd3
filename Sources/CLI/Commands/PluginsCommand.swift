import ArgumentParser
import CardeaContracts

/// `cardea plugins`: what this program is made of under the settings in force.
struct PluginsCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins",
    abstract: "List the plugins in use and those that settings can switch on.",
    discussion: """
      A plugin marked off is part of this program, but its settings do not ask for it. The last \
      column names what can be set under plugins.<id> in the settings file.

      Example:
        cardea plugins --json
      """)

  @OptionGroup var common: CommonOptions

  func perform() async throws {
    let session = try Session(common)
    let used = session.kernel.plugins
    let known = Toolbox.current.plugins
    let settings = Dictionary(
      known.map { ($0.id, $0.settings.map(\.name)) }, uniquingKeysWith: { $1 })
    let isUsed = Set(used.map(\.id))
    let off = known.map { $0.id }.filter { !isUsed.contains($0) }
    let rows =
      used.map { Row(kind: $0.kind, id: $0.id, state: "on", settings: settings[$0.id] ?? []) }
      + off.map { id in
        let kind = id.split(separator: ".").first.map(String.init) ?? "-"
        return Row(kind: kind, id: id, state: "off", settings: settings[id] ?? [])
      }
    guard !common.json else { return try session.print(["plugins": rows]) }
    var table = Table(["KIND", "ID", "STATE", "SETTINGS"])
    for row in rows {
      table.add([
        .init(row.kind), .init(row.id), .init(row.state, row.state == "on" ? .green : .dim),
        .init(row.settings.isEmpty ? "-" : row.settings.joined(separator: ", ")),
      ])
    }
    session.print(table)
  }

  private struct Row: Encodable {
    let kind: String
    let id: String
    let state: String
    let settings: [String]
  }
}
