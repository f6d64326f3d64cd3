import Cardea

/// Tokens of two classes, made before anything is measured: a class must not differ in how many there are, nor in what
/// making one has just left in the processor's caches.
struct GuessPool {
  private let tokens: [[[UInt8]]]

  /// So many of each class; with fewer places wrong there are not many more.
  private static let count = 2_048

  init(_ first: Guess, _ second: Guess, of right: String, _ coin: inout Coin) {
    tokens = [first, second].map { guess in
      var different: Set<[UInt8]> = []
      while different.count < GuessPool.count {
        different.insert(Array(guess.token(right, &coin).utf8))
      }
      return different.shuffled(using: &coin)
    }
  }

  /// One of a class, a copy, so that no class has the better places in memory.
  func next(isSecond: Bool, _ coin: inout Coin) -> String {
    String(
      decoding: tokens[isSecond ? 1 : 0][Int(coin.next() >> 32) % GuessPool.count], as: UTF8.self)
  }
}
