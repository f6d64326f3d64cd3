import CardeaContracts

/// What an import did, or on a dry run would do.
struct ImportReport: Encodable, Sendable {
  let source: String
  let dryRun: Bool
  var rows = 0
  var imported = 0
  var alreadyHere = 0
  var refusedCount = 0
  var states: [String: Int] = [:]
  var owners = Owners()
  /// Of the log that the other system kept; `nil` if it kept none.
  var log: Log?
  /// The first ``most`` rows that were not taken.
  var refused: [Entry] = []
  /// The first ``most`` rows of which something was changed on the way, or should be.
  var notes: [Entry] = []
  /// Prefixes of keys that were here already, and of which it was not said that they were rotated since.
  var met: Set<String> = []

  /// What its clients need of the settings, as lines of YAML.
  private(set) var settings: [String] = []
  /// The same.
  private(set) var needed: [NeededSetting] = []

  /// More than this is counted, not listed: memory stays bounded.
  static let most = 1_000

  struct Owners: Encodable, Sendable {
    var imported = 0
    var alreadyHere = 0
    var inactive = 0
    var disabled = 0

    private enum CodingKeys: String, CodingKey {
      case imported, inactive, disabled
      case alreadyHere = "already_here"
    }
  }

  struct Log: Encodable, Sendable {
    var imported = 0
    var alreadyHere = 0
    var refusedCount = 0

    private enum CodingKeys: String, CodingKey {
      case imported
      case alreadyHere = "already_here"
      case refusedCount = "refused_count"
    }
  }

  struct Entry: Encodable, Sendable, Equatable {
    let row: String
    let reason: String
  }

  private enum CodingKeys: String, CodingKey {
    case source, rows, imported, states, owners, log, refused, notes, settings
    case dryRun = "dry_run"
    case alreadyHere = "already_here"
    case refusedCount = "refused_count"
  }

  init(source: String, dryRun: Bool) {
    self.source = source
    self.dryRun = dryRun
  }

  mutating func refuse(_ row: String, _ reason: String) {
    refusedCount += 1
    name(row, reason)
  }

  mutating func refuseOfLog(_ row: String, _ reason: String) {
    log?.refusedCount += 1
    name(row, reason)
  }

  private mutating func name(_ row: String, _ reason: String) {
    if refused.count < ImportReport.most { refused.append(Entry(row: row, reason: reason)) }
  }

  mutating func note(_ row: String, _ reason: String) {
    if notes.count < ImportReport.most { notes.append(Entry(row: row, reason: reason)) }
  }

  /// Rows of any kind that were not taken.
  var missing: Int { refusedCount + (log?.refusedCount ?? 0) }

  /// Notes what its clients need of the settings, beside those in force.
  mutating func needed(_ needed: [NeededSetting], beside inForce: Settings) {
    self.needed = needed
    settings = [ImportedSettingsFile.title(source)] + needed.map(\.line)
    for setting in needed {
      switch inForce.origin(setting.name) {
      case .environment(let name): note(setting.name, "\(name) counts before what a file says")
      default: break
      }
    }
  }

  func print(to console: Console, colour: Bool) {
    let verb = dryRun ? "would be imported" : "imported"
    var table = Table(["", "KEYS", "OWNERS"] + (log == nil ? [] : ["LOG"]))
    func add(_ title: Table.Cell, _ counts: [Int?]) {
      table.add([title] + counts.map { Table.Cell($0.map { "\($0)" } ?? "") })
    }
    add(Table.Cell(verb, .green), [imported, owners.imported, log?.imported])
    add("here already", [alreadyHere, owners.alreadyHere, log?.alreadyHere])
    add(
      Table.Cell("not taken", missing > 0 ? .red : nil), [refusedCount, nil, log?.refusedCount])
    for line in table.lines(colour: colour) { console.out(line) }
    let states = self.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    if !states.isEmpty { console.out("States: \(states.joined(separator: ", "))") }
    if owners.inactive > 0 {
      let hint = owners.disabled == 0 ? " (--disable-inactive-owners)" : ""
      console.out("Inactive owners: \(owners.inactive), \(owners.disabled) of them disabled\(hint)")
    }
    list("Not taken:", refused, console)
    if missing > refused.count { console.out("  … and \(missing - refused.count) more") }
    list("Notes:", notes, console)
    console.out("Settings for its clients (each in place of what a settings file says of it):")
    for line in settings { console.out("  \(line)") }
  }

  private func list(_ title: String, _ entries: [Entry], _ console: Console) {
    if entries.isEmpty { return }
    console.out(title)
    for entry in entries {
      console.out("  \(SafeText.line(entry.row)): \(SafeText.line(entry.reason))")
    }
  }
}
