import Foundation

/// Two classes of measurements, taken in turns by the toss of a coin, and whether their means differ.
///
/// Of both together the slowest tenth is cropped, as dudect does (Reparaz, Balasch, Verbauwhede, "Dude, is my code
/// constant time?", 2017): interrupts and other programs are in there. What is left is compared by Welch's t.
struct Comparison {
  let name: String
  let count: Int
  /// Medians, in nanoseconds.
  let medians: (Double, Double)
  let t: Double

  /// Beyond this the classes are told apart: dudect's threshold.
  static let threshold = 4.5

  /// - Parameter measure: nanoseconds of one measurement of the first class (`false`) or of the second.
  init(
    _ name: String, samples: Int, seed: UInt64, measure: (Bool) async throws -> Double
  ) async rethrows {
    var coin = Coin(state: seed)
    var times: ([Double], [Double]) = ([], [])
    times.0.reserveCapacity(samples)
    times.1.reserveCapacity(samples)
    // What comes first finds caches and branch predictors cold.
    for number in 0..<(samples + samples / 10) {
      let second = coin.toss()
      let time = try await measure(second)
      guard number >= samples / 10 else { continue }
      if second { times.1.append(time) } else { times.0.append(time) }
    }
    let all = (times.0 + times.1).sorted()
    let slowest = all[all.count * 9 / 10]
    let first = Moments(times.0.filter { $0 < slowest })
    let second = Moments(times.1.filter { $0 < slowest })
    self.name = name
    count = samples
    medians = (times.0.sorted()[times.0.count / 2], times.1.sorted()[times.1.count / 2])
    t =
      (first.mean - second.mean)
      / (first.variance / first.count + second.variance / second.count).squareRoot()
  }

  /// Whether the two classes could be told apart. Measurements that never vary can't: their t is no number.
  var isTelling: Bool { abs(t) >= Comparison.threshold }

  private struct Moments {
    let count: Double
    let mean: Double
    let variance: Double

    init(_ values: [Double]) {
      count = Double(values.count)
      let mean = values.reduce(0, +) / count
      self.mean = mean
      variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    }
  }
}

/// SplitMix64: the same tosses for the same seed.
struct Coin: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  mutating func toss() -> Bool { next() >> 63 == 1 }
}

/// The time now, in nanoseconds.
func nanoseconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) }
