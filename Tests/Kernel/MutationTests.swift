import CardeaContracts
import CardeaFormats
import CardeaTestSupport
import Testing

/// P3: of a thousand valid tokens everything that is one step away is refused.
@Suite struct MutationTests {
  /// The formats that issue tokens, and how many tokens each has here. A dotted token has no checksum, so that every
  /// mutation of the right shape is looked up and hashed.
  static let formats: [(any TokenFormat, tokens: Int, whole: Int)] = [
    (KeysmithFormat(), 450, 12), (UnderscoreFormat(), 450, 12), (DottedFormat(), 100, 2),
  ]

  /// Everything one step away from a token: each character replaced, dropped, doubled, swapped with the next, and
  /// something put before it and at the end.
  private static func mutations(
    of token: [UInt8], replacements: [UInt8], _ body: ([UInt8]) throws -> Void
  ) rethrows {
    for index in token.indices {
      var changed = token
      for byte in replacements + [token[index] ^ 0x20, token[index] ^ 0x80]
      where byte != token[index] {
        changed[index] = byte
        try body(changed)
      }
      changed = token
      changed.remove(at: index)
      try body(changed)
      changed = token
      changed.insert(token[index], at: index)
      try body(changed)
      if index + 1 < token.count, token[index] != token[index + 1] {
        changed = token
        changed.swapAt(index, index + 1)
        try body(changed)
      }
      changed = token
      changed.insert(replacements[index % replacements.count], at: index)
      try body(changed)
    }
    for byte in replacements { try body(token + [byte]) }
  }

  @Test(arguments: formats.indices)
  func nothingOneStepAwayIsAccepted(_ number: Int) async throws {
    let (format, tokens, whole) = MutationTests.formats[number]
    let rig = try await Rig {
      // A refused guess is no proof: each is to be looked at.
      $0.failedPerAddress = nil
      $0.failedPerPrefixAndAddress = nil
    } plugins: {
      if format.name == "dotted" { $0.use(DottedFormat()) }
    }
    let printable = Array(0x20...0x7E as ClosedRange<UInt8>)
    var random = SplitMix64(seed: 20_261_121)
    var seen = 0
    var parsed: [[UInt8]] = []
    for token in 0..<tokens {
      let issued = try await rig.key { $0.format = format.name }
      let bytes = Array(issued.token.reveal().utf8)
      #expect(await rig.verdict(issued.token).identity != nil)
      // Of some tokens every printable character at every place; of the others some that matter.
      let some = [UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x20, 0]
      let drawn = (0..<3).map { _ in printable.randomElement(using: &random) ?? 0x21 }
      let replacements =
        token < whole ? printable : Array((some + drawn).shuffled(using: &random).prefix(4))
      MutationTests.mutations(of: bytes, replacements: replacements) { changed in
        seen += 1
        // Only what the format parses, or what an extractor might trim to it, can get any further.
        let trimmed = changed.first == 0x20 || changed.last == 0x20
        if trimmed || format.parse(changed.span) != nil { parsed.append(changed) }
      }
      for changed in parsed {
        let secret = Secret(changed)
        let verdict = await rig.kernel.verify(
          token: secret, facts: RequestFacts(method: "GET", path: "/"))
        #expect(verdict.identity == nil, "\(format.name): \(secret.reveal())")
        #expect(await rig.verdict(secret).identity == nil, "\(format.name): \(secret.reveal())")
      }
      parsed = []
    }
    #expect(seen > tokens * 300)
  }
}
