import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct FaultyExtractorTests {
  private func promises(_ fault: FaultyExtractor.Fault?) -> [Promise] {
    ExtractorPromises(
      carrying: { .headers(("x-key", $0)) },
      repeating: { .headers(("x-key", $0), ("x-key", $1)) }, ignoring: [.headers(("x-keys", "a"))]
    ) { FaultyExtractor(fault: fault) }.all
  }

  @Test func aSoundOneKeepsEveryPromise() async {
    #expect(await broken(promises(nil)) == [])
  }

  @Test(arguments: FaultyExtractor.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyExtractor.Fault) async {
    let found = await broken(promises(fault))
    #expect(found == fault.breaks)
  }
}

/// The header `X-Key`, with one thing wrong.
final class FaultyExtractor: CredentialExtractor {
  enum Fault: PlantedFault {
    case passesRepeated, takesFirstOfList, cutsLongOnes, dropsOddBytes, remembersLast, findsOther
    case cutsAtColon, dropsLongestByte, misnamesLists

    var breaks: Set<String> {
      switch self {
      case .passesRepeated: ["refuses a token given twice"]
      case .takesFirstOfList, .misnamesLists: ["refuses a list of tokens"]
      case .cutsLongOnes: ["refuses more than 512 bytes"]
      case .dropsOddBytes: ["refuses bytes that are no visible ASCII", "refuses a list of tokens"]
      case .remembersLast: ["lets no call influence another"]
      case .findsOther: ["finds none in a request without one"]
      case .cutsAtColon:
        [
          "finds the token, byte for byte", "lets no call influence another",
          "refuses a list of tokens",
        ]
      case .dropsLongestByte: ["finds a token of 512 bytes"]
      }
    }
  }

  let id = "extractor.faulty"
  private let fault: Fault?
  private let last = Box<String?>(nil)

  init(fault: Fault?) { self.fault = fault }

  func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.header("x-key") {
    case .one(let value):
      if fault == .misnamesLists, value.contains(",") { throw .malformed }
      try candidate.set(changed(value))
    case .repeated:
      if fault != .passesRepeated { throw .repeated }
    case .absent:
      if fault == .remembersLast, let last = last.value { try candidate.set(last) }
      if fault == .findsOther, case .one(let value) = request.header("x-keys") {
        try candidate.set(value)
      }
    }
  }

  private func changed(_ value: String) -> String {
    switch fault {
    case .takesFirstOfList: return String(value.prefix { $0 != "," })
    case .cutsLongOnes: return value.utf8.count > 512 ? String(value.prefix(512)) : value
    case .dropsOddBytes:
      let kept = value.utf8.filter { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C }
      return String(decoding: kept, as: UTF8.self)
    case .remembersLast:
      last.value = value
      return value
    case .cutsAtColon: return value == "a" ? value : String(value.prefix { $0 != ":" })
    case .dropsLongestByte: return value.utf8.count == 512 ? String(value.dropLast()) : value
    default: return value
    }
  }
}
