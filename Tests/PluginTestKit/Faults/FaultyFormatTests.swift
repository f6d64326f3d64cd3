import CardeaContracts
import CardeaFormats
import CardeaPluginTestKit
import Testing

@Suite struct FaultyFormatTests {
  private func promises(_ fault: FaultyFormat.Fault?) -> [Promise] {
    TokenFormatPromises { FaultyFormat(fault: fault) }.all
  }

  @Test func aSoundOneKeepsEveryPromise() async {
    #expect(await broken(promises(nil)) == [])
  }

  @Test(arguments: FaultyFormat.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyFormat.Fault) async {
    let found = await broken(promises(fault))
    #expect(found == fault.breaks)
  }

  @Test func twoFormatsThatClaimEachOthersTokensAreFound() async {
    let promises = TokenFormatPromises(others: { [KeysmithFormat()] }) {
      FaultyFormat(fault: nil)
    }.all
    #expect(await broken(promises) == ["claims no token of another format"])
  }
}

/// The standard format, with one thing wrong.
struct FaultyFormat: TokenFormat {
  enum Fault: PlantedFault {
    case trims, forgetsPrefix, fixedLength, repeatsItself, ignoresLastDigit, claimsUUIDs
    case clampsSizes, shiftsSecret, capitalName

    var breaks: Set<String> {
      switch self {
      case .trims:
        [
          "accepts one spelling only",
          "refuses every token with one character changed, added or missing",
        ]
      case .forgetsPrefix:
        [
          "keeps the prefix of a key that is rotated",
          "refuses what it can't write, without a trap",
        ]
      case .fixedLength: ["builds secrets and prefixes of the length that was asked for"]
      case .repeatsItself: ["never builds the same token twice"]
      case .ignoresLastDigit:
        ["refuses every token with one character changed, added or missing"]
      case .claimsUUIDs: ["claims no token of another format"]
      case .clampsSizes: ["refuses what it can't write, without a trap"]
      case .shiftsSecret:
        ["reads back what it builds", "keeps the prefix of a key that is rotated"]
      case .capitalName: ["has a name in snake_case"]
      }
    }
  }

  let fault: Fault?
  let id = "format.faulty"
  private let base = KeysmithFormat()

  // The standard format's own name, so that its tokens are not foreign to this one.
  var name: String { fault == .capitalName ? "KeySmith" : "keysmith" }

  func parse(_ token: Span<UInt8>) -> ParsedToken? {
    var bytes = token.indices.map { token[$0] }
    switch fault {
    case .trims:
      while bytes.last == 0x20 || bytes.last == 0x0A { bytes.removeLast() }
      while bytes.first == 0x20 { bytes.removeFirst() }
    case .ignoresLastDigit:
      guard let last = bytes.indices.last else { return nil }
      for digit in UInt8(ascii: "0")...UInt8(ascii: "9") {
        bytes[last] = digit
        if let parsed = base.parse(bytes.span) { return parsed }
      }
      return nil
    case .claimsUUIDs where bytes.count == 36 && bytes[8] == UInt8(ascii: "-"):
      return ParsedToken(prefix: 0..<8, secret: 9..<36)
    case .shiftsSecret:
      return base.parse(bytes.span).map {
        ParsedToken(prefix: $0.prefix, secret: $0.secret.lowerBound..<bytes.count)
      }
    case .capitalName where bytes.starts(with: "tok_XjyedQAT:".utf8): return nil
    default: break
    }
    return base.parse(bytes.span)
  }

  func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    var (identifier, secret) = (request.identifierLength, request.secretLength)
    if fault == .fixedLength, (16...128).contains(secret) { secret = 32 }
    if fault == .clampsSizes {
      identifier = min(max(identifier, 4), 64)
      secret = min(max(secret, 16), 128)
    }
    return try base.build(
      TokenRequest(
        namespace: request.namespace, identifierLength: identifier, secretLength: secret,
        prefix: fault == .forgetsPrefix ? nil : request.prefix,
        primitives: fault == .repeatsItself ? SamplePrimitives() : request.primitives))
  }
}
