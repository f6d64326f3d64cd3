import Cardea
import CardeaSodium

/// T1, what compares secrets in constant time; and T4, what compares them as anybody would and must be found out.
enum ComparatorTimings {
  private typealias Comparator = (name: String, equal: (Secret, Secret) -> Bool)

  static func all(seed: UInt64) async throws -> [Comparison] {
    let primitives = try SodiumPrimitives()
    let comparators: [Comparator] = [
      ("Secret ==", { $0 == $1 }),
      (
        "Primitives.equal",
        { left, right in
          left.withUnsafeBytes { left in
            right.withUnsafeBytes { primitives.equal(Array(left), Array($0)) }
          }
        }
      ),
    ]
    var rows: [Comparison] = []
    for comparator in comparators {
      for (first, second) in [
        (Guess.right, Guess.wrongFirst), (.right, .wrongLast), (.wrongFirst, .wrongLast),
      ] {
        rows.append(await compare("T1", comparator, first, second, seed))
      }
    }
    rows.append(await compare("control", comparators[0], .wrongFirst, .wrongFirst, seed))
    return rows
  }

  /// The control that must fail.
  static func earlyReturn(seed: UInt64) async -> Comparison {
    await compare(
      "T4", ("an early return", ComparatorTimings.asAnybodyWould), .wrongFirst, .wrongLast, seed)
  }

  @inline(never) private static func asAnybodyWould(_ left: Secret, _ right: Secret) -> Bool {
    left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
      }
    }
  }

  private static func compare(
    _ id: String, _ comparator: Comparator, _ first: Guess, _ second: Guess, _ seed: UInt64
  ) async -> Comparison {
    var coin = Coin(state: seed)
    let right = Guess.wrongThroughout.secret([UInt8](repeating: 0, count: 32), &coin)
    let secret = Secret(right)
    // Made before anything is measured: what writing the wrong bytes leaves on its way to memory would be measured too.
    let guesses = (0..<2_048).map { _ in
      [first, second].map { $0.secret(right, &coin) }
    }
    var parity = false
    return await Comparison(
      "\(id) \(comparator.name): \(first) | \(second)", samples: 400_000, seed: seed
    ) { isSecond in
      // A copy each time, so that no class has the better places in memory.
      let guess = Secret(guesses[Int(coin.next() >> 32) % guesses.count][isSecond ? 1 : 0])
      let began = nanoseconds()
      // No branch on the outcome: it would be measured too.
      for _ in 0..<32 { parity = parity != comparator.equal(secret, guess) }
      return nanoseconds() - began
    }
  }
}
