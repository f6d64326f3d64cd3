import Testing

@testable import CardeaContracts

/// What routes demand and scopes grant, by hand.
@Suite struct RequirementTests {
  @Test func whatIsMissingIsNamed() {
    let held: ScopeSet = ["a", "c"]
    func missing(_ scopes: [String], any: [String] = []) -> [String] {
      Requirement(scopes: scopes, anyScopes: any).missing(in: held)
    }
    #expect(missing([]) == [])
    #expect(missing(["a", "b", "c", "d"]) == ["b", "d"])
    // One of them would have done; each is named once.
    #expect(missing([], any: ["b", "d"]) == ["b", "d"])
    #expect(missing(["b"], any: ["b", "d"]) == ["b", "d"])
    #expect(missing(["b"], any: ["d", "a"]) == ["b"])
    #expect(missing([], any: ["a", "b"]) == [])
  }

  @Test func aScopeIsPrintableASCII() {
    #expect(ScopeSet.isValid("!~"))
    #expect(ScopeSet.isValid(String(repeating: "x", count: 128)))
    for name in ["", " ", "a b", "\u{7F}", "\u{1F}", "é", String(repeating: "x", count: 129)] {
      #expect(!ScopeSet.isValid(name), "\(name.debugDescription)")
    }
  }

  /// A segment with nothing in it is a segment.
  @Test func emptySegmentsCount() {
    #expect((["a:*"] as ScopeSet).grants("a:"))
    #expect(!(["a::*"] as ScopeSet).grants("a:x"))
    #expect((["a::*"] as ScopeSet).grants("a::x"))
    #expect(!(["*:b"] as ScopeSet).grants("b"))
    #expect((["*:b"] as ScopeSet).grants(":b"))
  }
}
