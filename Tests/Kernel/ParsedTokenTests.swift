import Testing

@testable import CardeaContracts

/// What a format says of a token is believed as far as the token reaches.
@Suite struct ParsedTokenTests {
  @Test(arguments: [
    (ParsedToken(prefix: 0..<4, secret: 5..<10), true),
    (ParsedToken(prefix: 0..<10, secret: 0..<1), true),
    (ParsedToken(prefix: 0..<4, secret: 5..<11), false),
    (ParsedToken(prefix: 0..<4, secret: 5..<5), false),
    (ParsedToken(prefix: 0..<11, secret: 5..<10), false),
    (ParsedToken(prefix: .beginning(0, namespace: "n"), secret: 5..<10), false),
    (ParsedToken(prefix: .beginning(1, namespace: "n"), secret: 5..<10), true),
    (ParsedToken(prefix: .beginning(9, namespace: "n"), secret: 5..<10), true),
    (ParsedToken(prefix: .beginning(10, namespace: "n"), secret: 5..<10), false),
    (ParsedToken(prefix: .digest(namespace: "n"), secret: 0..<10), true),
    (ParsedToken(prefix: .digest(namespace: "n"), secret: 0..<11), false),
  ])
  func everyPartLiesWithinTheToken(parsed: ParsedToken, fits: Bool) {
    #expect(parsed.fits(10) == fits)
  }

  @Test func aTokenHasAtMost512Bytes() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(LettersFormat())
    }
    func presented(_ count: Int) -> String? {
      rig.kernel.presented(Secret([UInt8](repeating: 0x61, count: count)))?.prefix
    }
    #expect(presented(512) == "aaaa")
    #expect(presented(513) == nil)
  }

  /// Claims whatever begins with a letter.
  private struct LettersFormat: TokenFormat {
    let id = "format.letters"
    let name = "letters"
    func parse(_ token: Span<UInt8>) -> ParsedToken? {
      token.count > 4 && token[0] == 0x61
        ? ParsedToken(prefix: 0..<4, secret: 4..<token.count) : nil
    }
    func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
      throw .invalid(field: "format", reason: "builds none")
    }
  }
}
