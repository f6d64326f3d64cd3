import Foundation

/// `bench [--only SECTION] [--quick] [--large] [--json FILE] [--server CARDEA EMPTY-HUMMINGBIRD]
///   [--deploy FOLDER] [--peers VENV PROJECT]`
///
/// Sections are named below; `growth`, `log` and `peers` run only when they are asked for. With `--large`, `growth` goes on
/// to 10^7 keys and `log` to 10^8 entries, for which it needs 60 GB in the folder of temporary files.
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
    var charts: [Chart] = []
    var peers: [PeerBenchmarks.Load] = []
    var peerFloods: [PeerBenchmarks.Flood] = []
    /// V9: 100,000 keys (10,000 with `--quick`).
    var bulkRevokeSeconds: Double?
    /// 100,000 tokens (10,000 with `--quick`).
    var imports: [ImportBenchmarks.Import] = []
    var setting = Setting()
  }

  static func main() async {
    do { try await run() } catch {
      FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run() async throws {
    var report = Report()
    report.setting.print()
    print("First row of each table: the yardstick. Median of alternating rounds (least–most).")
    let quick = CommandLine.arguments.contains("--quick")
    let large = CommandLine.arguments.contains("--large")
    let server = values(after: "--server", 2)
    if wants("kernel") {
      for group in [
        try await KernelBenchmarks.warm(), try await KernelBenchmarks.cold(),
        try await KernelBenchmarks.publish(),
      ] {
        report.measurements.merge(group) { $1 }
      }
    }
    if wants("audit") {
      report.measurements.merge(try await AuditBenchmarks.tiers()) { $1 }
    }
    if wants("store") {
      let group = try await StoreBenchmarks.lookup(sizes: quick ? [10_000] : [10_000, 1_000_000])
      report.measurements.merge(group) { $1 }
    }
    if wants("bulk") {
      report.bulkRevokeSeconds = try await StoreBenchmarks.bulkRevoke(quick ? 10_000 : 100_000)
    }
    if wants("list"), let server {
      report.lists = try await ListBenchmarks.pages(
        cardea: server[0], empty: server[1], keys: quick ? 10_000 : 1_000_000)
    }
    if wants("start"), let server {
      report.starts = try await StartBenchmarks.cold(
        cardea: server[0], keys: quick ? 10_000 : 1_000_000)
    }
    if wants("flood"), let server {
      report.flood = try FloodBenchmarks.good(cardea: server[0], perSecond: quick ? 100 : 1_000)
    }
    if wants("server"), let server {
      report.server = try await ServerBenchmarks.auth(cardea: server[0], empty: server[1])
    }
    if wants("proxy"), let server, let deploy = values(after: "--deploy", 1) {
      report.proxy = try ProxyBenchmarks.nginx(
        cardea: server[0], deploy: URL(fileURLWithPath: deploy[0]))
    }
    if wants("import"), let server {
      report.imports = try ImportBenchmarks.keysmith(
        cardea: server[0], rows: quick ? 10_000 : 100_000)
    }
    if wants("postgresql") {
      // 10^7 keys take some minutes to make: only when asked for by name.
      let sizes = quick ? [10_000] : [10_000, 1_000_000] + (only == nil ? [] : [10_000_000])
      report.measurements.merge(try await PostgreSQLBenchmarks.lookup(sizes: sizes)) { $1 }
    }
    if wants("nodes"), let server {
      report.nodes = try await PostgreSQLBenchmarks.nodes(
        cardea: server[0], revocations: quick ? 10 : 100)
    }
    if wants("failover"), let server {
      report.outages = try await FailoverBenchmarks.outages(
        cardea: server[0], rounds: quick ? 1 : 5)
    }
    if only == "growth", let server {
      let sizes =
        quick
        ? [1_000, 10_000]
        : [1_000, 10_000, 100_000, 1_000_000] + (large ? [10_000_000] : [])
      report.charts = try await GrowthBenchmarks.charts(
        sizes: sizes, cardea: server[0], empty: server[1], quick: quick)
    }
    if only == "log" {
      let sizes =
        quick ? [10_000, 100_000] : [10_000, 1_000_000] + (large ? [100_000_000] : [])
      report.charts = [try await LogBenchmarks.chart(sizes: sizes)]
    }
    if only == "peers", let server, let deploy = values(after: "--deploy", 1),
      let peers = values(after: "--peers", 2)
    {
      (report.peers, report.peerFloods) = try await PeerBenchmarks.all(
        venv: peers[0], project: peers[1], cardea: server[0], empty: server[1],
        deploy: URL(fileURLWithPath: deploy[0]), quick: quick)
    }
    report.setting.end()
    if let file = values(after: "--json", 1) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(report).write(to: URL(fileURLWithPath: file[0]))
    }
  }

  private static var only: String? { values(after: "--only", 1)?.first }

  private static func wants(_ section: String) -> Bool { only == nil || only == section }

  /// The words that follow a flag, if so many do.
  private static func values(after flag: String, _ count: Int) -> [String]? {
    guard let index = CommandLine.arguments.firstIndex(of: flag),
      CommandLine.arguments.count > index + count
    else { return nil }
    return Array(CommandLine.arguments[(index + 1)...(index + count)])
  }
}
