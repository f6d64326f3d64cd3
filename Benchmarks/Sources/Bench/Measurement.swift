import Foundation

/// Times contenders against each other: every round runs each of them once, in turn, so that a machine whose
/// speed drifts drifts for all alike. Quote ratios; the absolute figures belong to one machine and moment.
struct Measurement: Codable {
  let name: String
  /// Nanoseconds per operation, one figure a round.
  let rounds: [Double]
  /// Nanoseconds of processor time of the whole process per operation: what it costs, whatever else runs.
  let processor: [Double]

  var median: Double { rounds.sorted()[rounds.count / 2] }
  var least: Double { rounds.min() ?? 0 }
  var most: Double { rounds.max() ?? 0 }
  var medianProcessor: Double { processor.sorted()[processor.count / 2] }
}

struct Contender {
  let name: String
  /// Runs that many operations.
  let run: (Int) async throws -> Void
}

/// - Parameters:
///   - rounds: how often each contender is timed.
///   - operations: how many operations one timing covers.
func compare(
  rounds: Int = 9, operations: Int, _ contenders: [Contender]
) async throws -> [Measurement] {
  var times = [[Double]](repeating: [], count: contenders.count)
  var spent = times
  for contender in contenders { try await contender.run(max(1, operations / 10)) }
  for _ in 0..<rounds {
    for (index, contender) in contenders.enumerated() {
      let before = processorNanoseconds()
      let began = ContinuousClock.now
      try await contender.run(operations)
      let took = ContinuousClock.now - began
      let nanoseconds =
        Double(took.components.seconds) * 1e9 + Double(took.components.attoseconds) / 1e9
      times[index].append(nanoseconds / Double(operations))
      spent[index].append((processorNanoseconds() - before) / Double(operations))
    }
  }
  return zip(contenders, zip(times, spent)).map {
    Measurement(name: $0.name, rounds: $1.0, processor: $1.1)
  }
}

/// What is timed by itself, each time.
struct SingleOperation {
  let name: String
  /// Does it once; the number is one more each time.
  let run: (Int) async throws -> Void
}

/// The same for operations that take long enough to be timed one by one: a round's figure is the median of its
/// operations, which the few that had to wait for something else do not move.
func compareMedians(
  rounds: Int, operations: Int, _ contenders: [SingleOperation]
) async throws -> [Measurement] {
  var medians = [[Double]](repeating: [], count: contenders.count)
  var spent = medians
  for round in 0..<rounds {
    for turn in contenders.indices {
      // None is always the first.
      let index = (turn + round) % contenders.count
      let before = processorNanoseconds()
      var times: [Double] = []
      for number in 0..<operations {
        let began = ContinuousClock.now
        try await contenders[index].run(round * operations + number)
        times.append((ContinuousClock.now - began) / .nanoseconds(1))
      }
      spent[index].append((processorNanoseconds() - before) / Double(operations))
      medians[index].append(times.sorted()[operations / 2])
    }
  }
  return zip(contenders, zip(medians, spent)).map {
    Measurement(name: $0.name, rounds: $1.0, processor: $1.1)
  }
}

/// Of this process, all its threads.
func processorNanoseconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Prints a table in which the first row is the yardstick.
func report(_ title: String, _ measurements: [Measurement]) {
  print("\n\(title)")
  guard let yardstick = measurements.first?.median else { return }
  for measurement in measurements {
    let name = measurement.name.padding(toLength: 44, withPad: " ", startingAt: 0)
    print(
      String(
        format: "  %@ %12.1f ns  (%.1f–%.1f)  %.2fx  CPU %.1f ns", name, measurement.median,
        measurement.least, measurement.most, measurement.median / yardstick,
        measurement.medianProcessor))
  }
  fflush(nil)
}
