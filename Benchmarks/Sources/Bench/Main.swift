import Foundation

/// `bench [--only kernel|audit|store|bulk|list|start|server|flood|proxy|
///   import|postgresql|nodes|failover] [--quick] [--json FILE]
///   [--server CARDEA EMPTY-HUMMINGBIRD] [--deploy FOLDER]`
@main
struct Main {
  struct Report: Codable {
    var measurements: [String: [Measurement]] = [:]
    var server: [ServerBenchmarks.Load] = []
    var proxy: [ProxyBenchmarks.Load] = []
    var lists: [ListBenchmarks.Load] = []
    var starts: [StartBenchmarks.Start] = []
    var flood: [FloodBenchmarks.Load] = []
    var nodes: [PostgreSQLBenchmarks.Nodes] = []
    var outages: [FailoverBenchmarks.Outage] = []
    /// V9: 100,000 keys (10,000 with `--quick`).
    var bulkRevokeSeconds: Double?
    /// 100,000 tokens (10,000 with `--quick`).
    var imports: [ImportBenchmarks.Import] = []
    var machine = ProcessInfo.processInfo.operatingSystemVersionString
    var cores = ProcessInfo.processInfo.activeProcessorCount
    var loadAverage = loadAverageText()
  }

  static func main() async {
    do { try await run() } catch {
      FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run() async throws {
    let arguments = CommandLine.arguments
    var report = Report()
    print(
      "\(report.machine), \(report.cores) cores, load average \(report.loadAverage)",
      "\nFirst row of each table: the yardstick. Median of alternating rounds (least–most).")
    let quick = arguments.contains("--quick")
    var only: String?
    if let index = arguments.firstIndex(of: "--only"), arguments.count > index {
      only = arguments[index + 1]
    }
    if only == nil || only == "kernel" {
      for group in [
        try await KernelBenchmarks.warm(), try await KernelBenchmarks.cold(),
        try await KernelBenchmarks.publish(),
      ] {
        report.measurements.merge(group) { $1 }
      }
    }
    if only == nil || only == "audit" {
      report.measurements.merge(try await AuditBenchmarks.tiers()) { $1 }
    }
    if only == nil || only == "store" {
      let group = try await StoreBenchmarks.lookup(sizes: quick ? [10_000] : [10_000, 1_000_000])
      report.measurements.merge(group) { $1 }
    }
    if only == nil || only == "bulk" {
      report.bulkRevokeSeconds = try await StoreBenchmarks.bulkRevoke(quick ? 10_000 : 100_000)
    }
    if only == nil || only == "list", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 2
    {
      report.lists = try await ListBenchmarks.pages(
        cardea: arguments[index + 1], empty: arguments[index + 2],
        keys: quick ? 10_000 : 1_000_000)
    }
    if only == nil || only == "start", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 1
    {
      report.starts = try await StartBenchmarks.cold(
        cardea: arguments[index + 1], keys: quick ? 10_000 : 1_000_000)
    }
    if only == nil || only == "flood", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 1
    {
      report.flood = try FloodBenchmarks.good(
        cardea: arguments[index + 1], perSecond: quick ? 100 : 1_000)
    }
    if only == nil || only == "server", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 2
    {
      report.server = try await ServerBenchmarks.auth(
        cardea: arguments[index + 1], empty: arguments[index + 2])
    }
    if only == nil || only == "proxy", let index = arguments.firstIndex(of: "--server"),
      let folder = arguments.firstIndex(of: "--deploy"), arguments.count > max(index, folder) + 1
    {
      report.proxy = try ProxyBenchmarks.nginx(
        cardea: arguments[index + 1], deploy: URL(fileURLWithPath: arguments[folder + 1]))
    }
    if only == nil || only == "import", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 1
    {
      report.imports = try ImportBenchmarks.keysmith(
        cardea: arguments[index + 1], rows: quick ? 10_000 : 100_000)
    }
    if only == nil || only == "postgresql" {
      // 10^7 keys take some minutes to make: only when asked for by name.
      let sizes = quick ? [10_000] : [10_000, 1_000_000] + (only == nil ? [] : [10_000_000])
      report.measurements.merge(try await PostgreSQLBenchmarks.lookup(sizes: sizes)) { $1 }
    }
    if only == nil || only == "nodes", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 1
    {
      report.nodes = try await PostgreSQLBenchmarks.nodes(
        cardea: arguments[index + 1], revocations: quick ? 10 : 100)
    }
    if only == nil || only == "failover", let index = arguments.firstIndex(of: "--server"),
      arguments.count > index + 1
    {
      report.outages = try await FailoverBenchmarks.outages(
        cardea: arguments[index + 1], rounds: quick ? 1 : 5)
    }
    if let index = arguments.firstIndex(of: "--json"), arguments.count > index {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(report).write(to: URL(fileURLWithPath: arguments[index + 1]))
    }
  }

  static func loadAverageText() -> String {
    (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?
      .split(separator: " ").prefix(3).joined(separator: " ") ?? "unknown"
  }
}
