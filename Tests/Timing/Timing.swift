import Foundation

/// `timing CARDEA [SEED]`: measures whether time tells how nearly a secret is right (T1 to T4).
///
/// Exit 1 if a promise does not hold, if a class can be told from itself (the machine is too busy to say anything), or
/// if the comparison with an early return, which is there to be found out, is not.
@main struct Timing {
  static func main() async throws {
    guard CommandLine.arguments.count > 1 else {
      throw TimingFault(text: "usage: timing CARDEA [SEED]")
    }
    let seed =
      CommandLine.arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? .random(in: 1...(.max))
    print(
      "seed \(seed); of each row the slowest tenth is cropped; told apart is |t| ≥ \(Comparison.threshold)"
    )
    var failed = false
    func report(_ rows: [Comparison], mustTell: Bool = false) {
      for row in rows {
        let isAsItShould = row.isTelling == mustTell
        failed = failed || !isAsItShould
        print(
          row.name.padding(toLength: 62, withPad: " ", startingAt: 0),
          String(
            format: "%8d samples, medians %9.0f %9.0f ns, t %8.2f  %@", row.count, row.medians.0,
            row.medians.1, row.t, isAsItShould ? "ok" : "FAILED"))
      }
    }
    report(try await ComparatorTimings.all(seed: seed))
    report([await ComparatorTimings.earlyReturn(seed: seed)], mustTell: true)
    report(try await KernelTimings.all(seed: seed))
    report(try await ServerTimings.all(cardea: CommandLine.arguments[1], seed: seed))
    exit(failed ? 1 : 0)
  }
}

struct TimingFault: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}
