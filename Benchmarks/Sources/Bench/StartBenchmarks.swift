import Foundation

/// From the start of `cardea serve` to the first 200 of `/readyz`, with a million keys beside none; in turn, with
/// the files in the system's page cache.
enum StartBenchmarks {
  struct Start: Codable {
    let name: String
    /// One figure a round.
    var milliseconds: [Double] = []
    var median: Double { milliseconds.sorted()[milliseconds.count / 2] }
  }

  static func cold(cardea: String, keys: Int, rounds: Int = 11) async throws -> [Start] {
    let folder = try Folder("start")
    defer { folder.remove() }
    print("\nCold start to ready\n  filling a store with \(keys) keys …")
    let stores = [(name: "the admin key alone", keys: 0), (name: "\(keys) keys", keys: keys)]
    for (index, store) in stores.enumerated() {
      _ = try Programs.newStore(cardea, folder.path("\(index)"))
      try await folder.fill(folder.path("\(index)"), store.keys)
    }
    var starts = stores.map { Start(name: $0.name) }
    for round in 0...rounds {
      for index in stores.indices {
        let began = ContinuousClock.now
        let server = try Programs.start(
          cardea, ["serve", "--store", "sqlite:\(folder.path("\(index)"))", "--port", "8428"])
        try Probe.waitFor(port: 8428, token: "none", path: "/readyz")
        let took = (ContinuousClock.now - began) / .milliseconds(1)
        server.terminate()
        server.waitUntilExit()
        if round > 0 { starts[index].milliseconds.append(took) }  // the first is a warm-up
      }
    }
    for start in starts {
      print(
        String(
          format: "  %@ %6.1f ms  (%.1f–%.1f)  %.2fx",
          start.name.padding(toLength: 24, withPad: " ", startingAt: 0), start.median,
          start.milliseconds.min() ?? 0, start.milliseconds.max() ?? 0,
          start.median / starts[0].median))
    }
    return starts
  }
}
