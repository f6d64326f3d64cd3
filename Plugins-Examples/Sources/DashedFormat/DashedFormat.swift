public import CardeaContracts

/// `<namespace>_<identifier>-<secret>-<checksum>`: no colon, for places where one is in the way.
///
/// The checksum is FNV-1a over all before it, as 8 hexadecimal digits. Each of its steps can be
/// undone, so it finds every change of one character. It is against mistyping, not against
/// attackers.
public struct DashedFormat: TokenFormat, ConfigurablePlugin {
  public static let id = "format.dashed"
  public static let settings: [SettingDeclaration] = []

  public let name = "dashed"

  public init() {}

  public static func make(settings: SettingValues) -> DashedFormat? { DashedFormat() }

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    let bytes = token.indices.map { token[$0] }
    guard let end = bytes.lastIndex(of: UInt8(ascii: "-")),
      let start = bytes[..<end].lastIndex(of: UInt8(ascii: "-")),
      bytes[(end + 1)...].elementsEqual(checksum(of: bytes[...end]).utf8),
      isPrefix(bytes[..<start]), (16...128).contains(end - start - 1),
      bytes[(start + 1)..<end].allSatisfy(DashedFormat.alphabet.contains)
    else { return nil }
    return ParsedToken(prefix: 0..<start, secret: (start + 1)..<end)
  }

  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    guard (4...64).contains(request.identifierLength) else {
      throw .invalid(field: "token.identifier_length", reason: "it is not between 4 and 64")
    }
    guard (16...128).contains(request.secretLength) else {
      throw .invalid(field: "token.secret_length", reason: "it is not between 16 and 128")
    }
    let prefix: String
    if let kept = request.prefix {
      prefix = kept
    } else {
      prefix = "\(request.namespace)_\(random(request.identifierLength, request.primitives))"
    }
    guard isPrefix(prefix.utf8), (1...246).contains(request.namespace.utf8.count) else {
      throw .invalid(
        field: "token.namespace", reason: "it is not 1 to 246 visible ASCII characters")
    }
    let secret = random(request.secretLength, request.primitives)
    let head = "\(prefix)-\(secret)-"
    return BuiltToken(
      token: Secret("\(head)\(checksum(of: head.utf8))".utf8), prefix: prefix,
      secret: Secret(secret.utf8))
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// Characters drawn evenly: bytes from 248 on would favour the first ones.
  private func random(_ count: Int, _ primitives: any Primitives) -> String {
    var drawn: [UInt8] = []
    while drawn.count < count {
      drawn += primitives.randomBytes(count).filter { $0 < 248 }.map {
        DashedFormat.alphabet[Int($0) % 62]
      }
    }
    return String(decoding: drawn.prefix(count), as: UTF8.self)
  }

  /// Visible ASCII without a comma or a colon, with `_` between two parts that are not empty.
  private func isPrefix(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    guard let split = bytes.lastIndex(of: UInt8(ascii: "_")), split != bytes.startIndex,
      bytes.index(after: split) != bytes.endIndex, bytes.count <= 311
    else { return false }
    return bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C && $0 != 0x3A }
  }

  private func checksum(of bytes: some Sequence<UInt8>) -> String {
    var sum: UInt32 = 0x811c_9dc5
    for byte in bytes { sum = (sum ^ UInt32(byte)) &* 0x0100_0193 }
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }
}
