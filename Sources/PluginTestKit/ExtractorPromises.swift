import CardeaContracts

/// What a ``CredentialExtractor`` promises.
///
/// ```swift
/// ExtractorPromises(
///   carrying: { .headers(("x-my-key", $0)) },
///   repeating: { .headers(("x-my-key", $0), ("x-my-key", $1)) }
/// ) { MyExtractor() }.all
/// ```
public struct ExtractorPromises: Sendable {
  private let make: @Sendable () throws -> any CredentialExtractor
  private let carrying: @Sendable (String) -> SampleRequest
  private let repeating: @Sendable (String, String) -> SampleRequest
  private let ignoring: [SampleRequest]

  /// - Parameters:
  ///   - carrying: a request that carries this text where the extractor looks.
  ///   - repeating: a request that carries both.
  ///   - ignoring: requests in which the extractor should find none, besides an empty one.
  ///   - make: makes the extractor.
  public init(
    carrying: @escaping @Sendable (String) -> SampleRequest,
    repeating: @escaping @Sendable (String, String) -> SampleRequest,
    ignoring: [SampleRequest] = [],
    _ make: @escaping @Sendable () throws -> any CredentialExtractor
  ) {
    self.make = make
    self.carrying = carrying
    self.repeating = repeating
    self.ignoring = ignoring
  }

  public var all: [Promise] {
    identityPromises(kind: "extractor") { try make() } + finding + refusing + [independence]
  }

  private static let token = "tok_XjyedQAT:F86dfb3IPnieGW3oeZ8kUbUPQq9KSNKp685533"
  private static let another = "tok_WirQB5UD:aDhZJIYURHFS5TC0vtDCuady3hsApYuI764818"

  /// What the extractor finds, as text.
  private func found(
    _ extractor: any CredentialExtractor, _ request: SampleRequest
  ) throws -> String? {
    try extractor.token(in: request)?.reveal()
  }

  private func requireRefusal(
    _ request: SampleRequest, as expected: ExtractionRefusal? = nil, _ what: String
  ) throws {
    let extractor = try make()
    var refusal: ExtractionRefusal?
    do throws(ExtractionRefusal) { _ = try extractor.token(in: request) } catch { refusal = error }
    let reason = try require(refusal, "\(what) is not refused")
    if let expected { try require(reason, is: expected, "the reason to refuse \(what)") }
  }

  private var finding: [Promise] {
    [
      Promise("finds the token, byte for byte") {
        let extractor = try make()
        for token in [ExtractorPromises.token, "a", "!#$%&'()*+-./:<=>?@[]^_`{|}~"] {
          try require(try found(extractor, carrying(token)), is: token, "it found")
        }
      },
      Promise("finds a token of 512 bytes") {
        let longest = String(repeating: "t", count: Candidate.capacity)
        try require(try found(make(), carrying(longest)) == longest, "it did not find all of it")
      },
      Promise("finds none in a request without one") {
        let extractor = try make()
        for request in [SampleRequest()] + ignoring {
          try require(try found(extractor, request) == nil, "it found one in \(request)")
        }
      },
      Promise("finds no token in an empty value") {
        let extractor = try make()
        var token: Secret?
        do { token = try extractor.token(in: carrying("")) } catch { return }
        try require(token == nil, "an empty value gave a token")
      },
    ]
  }

  private var refusing: [Promise] {
    [
      Promise("refuses a token given twice") {
        try requireRefusal(
          repeating(ExtractorPromises.token, ExtractorPromises.another), "a second token")
        try requireRefusal(
          repeating(ExtractorPromises.token, ExtractorPromises.token), "the same token twice")
      },
      Promise("refuses a list of tokens") {
        func list(_ separator: String) -> SampleRequest {
          carrying(ExtractorPromises.token + separator + ExtractorPromises.another)
        }
        // What the candidate itself says; in a field of several words a space may be found first.
        try requireRefusal(list(","), as: .repeated, "a list with \",\"")
        try requireRefusal(list(", "), "a list with \", \"")
      },
      Promise("refuses more than 512 bytes") {
        for length in [Candidate.capacity + 1, 10 * Candidate.capacity] {
          try requireRefusal(
            carrying(String(repeating: "t", count: length)), "a token of \(length) bytes")
        }
      },
      Promise("refuses bytes that are no visible ASCII") {
        for byte in ["\u{e9}", "\u{0}", "\u{1f}", "\u{7f}", "\n", "\r\n", "a b", "\u{1f511}"] {
          try requireRefusal(
            carrying("tok_ab\(byte)cd"), "a token with \(byte.debugDescription) in it")
        }
      },
    ]
  }

  private var independence: Promise {
    Promise("lets no call influence another") {
      let extractor = try make()
      let token = ExtractorPromises.token
      let another = ExtractorPromises.another
      for _ in 0..<3 {
        try require(try found(extractor, carrying(another)), is: another, "it found")
        try require(try found(extractor, SampleRequest()) == nil, "it found an earlier token")
        _ = try? extractor.token(in: carrying("tok_\u{e9}"))
        _ = try? extractor.token(in: repeating(token, another))
        try require(try found(extractor, carrying(token)), is: token, "it found")
        try require(try found(extractor, carrying("a")), is: "a", "it found")
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            for round in 0..<200 {
              let own = "tok_\(number):\(round)"
              try require(try found(extractor, carrying(own)), is: own, "it found")
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
