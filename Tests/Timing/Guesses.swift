import Cardea

/// Secrets and tokens that are right, or wrong in one place or in all.
enum Guess: CaseIterable {
  case right, wrongFirst, wrongLast, wrongThroughout

  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// The secret as this guess has it. Whatever is wrong is so at random.
  func secret(_ right: [UInt8], _ coin: inout Coin) -> [UInt8] {
    func other(_ byte: UInt8) -> UInt8 {
      var letter = byte
      while letter == byte { letter = Guess.letters[Int(coin.next() % 62)] }
      return letter
    }
    var secret = right
    switch self {
    case .right: break
    // Eight bytes, so that none comes twice: of a few thousand each would have a time of its own, by where it falls in
    // the kernel's tables, and classes of fixed members differ by that.
    case .wrongFirst: for index in 0..<8 { secret[index] = other(right[index]) }
    case .wrongLast:
      for index in (right.count - 8)..<right.count { secret[index] = other(right[index]) }
    case .wrongThroughout: secret = right.map { other($0) }
    }
    return secret
  }

  /// The token (of the format `keysmith`) with this guess for its secret; its checksum is right.
  func token(_ right: String, _ coin: inout Coin) -> String {
    let parts = right.utf8.split(separator: UInt8(ascii: ":"))
    let bytes = Array(parts[0]) + [UInt8(ascii: ":")] + secret(Array(parts[1].dropLast(6)), &coin)
    return String(decoding: bytes + KeysmithFormat.checksum(of: bytes.span), as: UTF8.self)
  }

  /// The token with the second guess or with the first. The other is made too, before or after: what making one leaves
  /// in the processor is the same for both.
  static func token(
    _ right: String, isSecond: Bool, of guesses: (Guess, Guess), _ coin: inout Coin
  ) -> String {
    if coin.toss() {
      let first = guesses.0.token(right, &coin)
      let second = guesses.1.token(right, &coin)
      return isSecond ? second : first
    }
    let second = guesses.1.token(right, &coin)
    let first = guesses.0.token(right, &coin)
    return isSecond ? second : first
  }
}
