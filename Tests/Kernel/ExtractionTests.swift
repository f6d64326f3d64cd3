import CardeaContracts
import CardeaExtractors
import CardeaFormats
import Testing

@testable import CardeaCache
@testable import CardeaKernel

/// Which token of a request is taken, whatever kinds of extractors look for one.
@Suite struct ExtractionTests {
  /// Looks at the whole request, as one of a query or of a certificate does.
  private struct Whole: CredentialExtractor {
    let field: String
    var id: String { "test.whole.\(field)" }

    func extract(
      from request: borrowing some RequestView, into candidate: inout Candidate
    ) throws(ExtractionRefusal) {
      switch request.header(field) {
      case .absent: return
      case .repeated: throw .repeated
      case .one(let value): try candidate.set(value)
      }
    }
  }

  private func extraction(
    _ extractors: [any CredentialExtractor],
    _ conflict: KernelConfiguration.ExtractConflict = .refuse
  ) -> Extraction {
    Extraction(
      extractors: extractors,
      formats: AcceptedFormats([KeysmithFormat()], preferred: "keysmith", accepted: []),
      conflict: conflict)
  }

  /// The token, or the reason why there is none.
  private func found(_ extraction: Extraction, _ headers: [(String, String)]) -> String {
    withUnsafeTemporaryAllocation(byteCount: Extraction.memory, alignment: 1) { memory in
      switch extraction.token(of: Call(headers), in: memory) {
      case .token(let bytes): String(decoding: bytes, as: UTF8.self)
      case .refused(let reason): reason.rawValue
      }
    }
  }

  private let mixed: [any CredentialExtractor] = [
    HeaderExtractor(name: "a"), HeaderExtractor(name: "b"), Whole(field: "c"), Whole(field: "d"),
  ]

  /// Every order of them.
  private func orders(_ rest: [any CredentialExtractor]) -> [[any CredentialExtractor]] {
    if rest.isEmpty { return [[]] }
    return rest.indices.flatMap { index in
      var others = rest
      let first = others.remove(at: index)
      return orders(others).map { [first] + $0 }
    }
  }

  @Test func eachIsAskedWhateverTheirOrder() {
    for order in orders(mixed) {
      let extraction = extraction(order)
      for field in ["a", "b", "c", "d"] { #expect(found(extraction, [(field, "t")]) == "t") }
      #expect(found(extraction, [("e", "t")]) == "missing")
    }
  }

  @Test func theFirstOfTwoTokensIsTheOneOfTheFirstExtractor() throws {
    let tokens = try ["a", "b", "c", "d"].map { ($0, try wrongToken().reveal()) }
    for order in orders(mixed) {
      let first = order[0].id.suffix(1)
      let expected = try #require(tokens.first { $0.0 == first }).1
      #expect(found(extraction(order, .first), tokens) == expected)
      #expect(found(extraction(order), tokens) == "ambiguous")
    }
  }

  @Test func whatNoFormatParsesGivesWayToWhatOneDoes() throws {
    let token = try wrongToken().reveal()
    for order in orders(mixed) {
      for field in ["a", "b", "c", "d"] {
        let headers = ["a", "b", "c", "d"].map { ($0, $0 == field ? token : "jwt-\($0)") }
        #expect(found(extraction(order), headers) == token)
      }
      #expect(found(extraction(order), [("a", "jwt"), ("c", "jwt")]) == "jwt")
      #expect(found(extraction(order), [("b", token), ("d", token)]) == token)
    }
  }

  @Test func oneThatRefusesEndsIt() throws {
    let token = try wrongToken().reveal()
    for order in orders(mixed) {
      for field in ["a", "c"] {
        let extraction = extraction(order)
        #expect(found(extraction, [(field, "x"), (field, "y"), ("b", token)]) == "ambiguous")
        #expect(found(extraction, [(field, "x, y"), ("d", token)]) == "ambiguous")
        #expect(found(extraction, [(field, "a b"), ("b", token)]) == "malformed")
      }
    }
  }

  @Test func whatIsTooLongIsSetAside() throws {
    let (token, long) = (try wrongToken().reveal(), String(repeating: "x", count: 513))
    for order in orders(mixed) {
      for field in ["a", "c"] {
        #expect(found(extraction(order), [(field, long)]) == "malformed")
        #expect(found(extraction(order), [(field, long), ("b", token)]) == token)
      }
    }
  }
}
