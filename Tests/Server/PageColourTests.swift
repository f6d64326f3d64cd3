import Testing

@testable import CardeaServer

/// Whatever colour a host has, its page can be read.
@Suite struct PageColourTests {
  private func colour(_ text: some StringProtocol) throws -> PageColour {
    try #require(PageColour(String(text)))
  }

  @Test func aColourHasOneSpelling() {
    for text in ["#0f766e", "#FFFFFF", "#000000"] { #expect(PageColour(text) != nil) }
    for text in [
      "", "#", "0f766e", "#0f766", "#0f766e0", "#+f766e", "#-f766e", "#0g766e", "red",
      "#0f766e;", "#\u{0661}f766e",
    ] {
      #expect(PageColour(text) == nil, "\(text)")
    }
  }

  @Test func contrastIsThatOfTheStandard() throws {
    let white = try colour("#ffffff")
    #expect(abs(white.contrast(to: try colour("#000000")) - 21) < 0.001)
    #expect(abs(white.contrast(to: try colour("#767676")) - 4.54) < 0.01)
    #expect(abs(white.contrast(to: white) - 1) < 0.001)
  }

  @Test func textOnEveryColourCanBeRead() throws {
    let parts = ["00", "33", "66", "80", "99", "cc", "ff"]
    for red in parts {
      for green in parts {
        for blue in parts {
          let accent = try colour("#\(red)\(green)\(blue)")
          let rules = accent.styleSheet.split(separator: "\n")
          #expect(rules.count == 2)
          let grounds = [["#f4f6f7", "#ffffff"], ["#161e24", "#0e1418"]]
          for (rule, grounds) in zip(rules, grounds) {
            let on = try #require(rule.firstMatch(of: /--on-accent: (#\w{6});/)).1
            #expect(try colour(on).contrast(to: accent) >= 4.5)
            let link = try #require(rule.firstMatch(of: /--link: (#\w{6});/)).1
            for ground in grounds {
              #expect(try colour(link).contrast(to: try colour(ground)) >= 4.5)
            }
          }
        }
      }
    }
  }
}
