import CardeaContracts

/// `<namespace>_<identifier>-<secret><check>`: letters and digits, then six digits over all before them.
public struct HyphenFormat: TokenFormat {
  public let id = "format.hyphen"
  public let name = "hyphen"

  public init() {}

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    let check = token.count - 6
    var secret = token.count
    while secret > 0, isAlphanumeric(token[secret - 1]) { secret -= 1 }
    let hyphen = secret - 1
    guard hyphen > 0, secret < check, token[hyphen] == UInt8(ascii: "-") else { return nil }
    var underscore = 0
    var sum = 0
    for index in 0..<check {
      guard index >= hyphen || isPrefix(token[index]) else { return nil }
      if index < hyphen, token[index] == UInt8(ascii: "_") { underscore = index }
      sum = (sum * 257 + Int(token[index])) % modulus
    }
    guard underscore > 0, underscore < hyphen - 1 else { return nil }
    for (index, digit) in zip(check..., digits(of: sum)) where token[index] != digit {
      return nil
    }
    return ParsedToken(prefix: 0..<hyphen, secret: secret..<check)
  }

  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    guard request.namespace.utf8.count <= 246, (4...64).contains(request.identifierLength),
      (16...128).contains(request.secretLength)
    else {
      throw .invalid(field: "length", reason: "namespace, identifier or secret is out of range")
    }
    let identifier = alphanumerics(request.identifierLength, from: request.primitives)
    let fresh = Array("\(request.namespace)_".utf8) + identifier
    let prefix = request.prefix.map { Array($0.utf8) } ?? fresh
    let secret = alphanumerics(request.secretLength, from: request.primitives)
    var token = prefix + [UInt8(ascii: "-")] + secret
    token += digits(of: token.reduce(0) { ($0 * 257 + Int($1)) % modulus })
    guard parse(token.span)?.prefix == .part(0..<prefix.count) else {
      throw .invalid(field: "prefix", reason: "must be visible ASCII without `:` or `,`")
    }
    return BuiltToken(
      token: Secret(token), prefix: String(decoding: prefix, as: UTF8.self),
      secret: Secret(secret))
  }
}

/// The largest prime of six digits: a polynomial modulo a prime notices every character that is changed
/// or swapped with its neighbour.
private let modulus = 999_983

private func digits(of sum: Int) -> [UInt8] {
  [100_000, 10_000, 1_000, 100, 10, 1].map { UInt8(sum / $0 % 10) + UInt8(ascii: "0") }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}

private func isPrefix(_ byte: UInt8) -> Bool {
  (0x21...0x7E).contains(byte) && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ",")
}

/// Random letters and digits. 248 is the largest multiple of 62 in a byte: taking more would make some
/// characters likelier than others.
private func alphanumerics(_ count: Int, from primitives: any Primitives) -> [UInt8] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
  var characters: [UInt8] = []
  while characters.count < count {
    for byte in primitives.randomBytes(count) where byte < 248 && characters.count < count {
      characters.append(alphabet[Int(byte) % alphabet.count])
    }
  }
  return characters
}
