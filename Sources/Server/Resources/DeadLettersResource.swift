import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What durable subscriptions gave up on: `{"dead_letters": […]}`.
public struct DeadLettersResource: Encodable, Sendable {
  private let letters: [DeadLetter]

  public init(_ letters: [DeadLetter]) { self.letters = letters }

  private enum CodingKeys: String, CodingKey { case letters = "dead_letters" }

  private struct Letter: Encodable {
    let letter: DeadLetter

    private enum CodingKeys: String, CodingKey {
      case subscription, position, signal, prefix, attempts, reason, replayed
      case keyID = "key_id"
      case failedAt = "failed_at"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(letter.subscription, forKey: .subscription)
      try container.encode(letter.position, forKey: .position)
      try container.encode(letter.signal, forKey: .signal)
      try container.encode(letter.keyID?.text, forKey: .keyID)
      try container.encode(letter.prefix, forKey: .prefix)
      try container.encode(letter.failedAt, forKey: .failedAt)
      try container.encode(letter.attempts, forKey: .attempts)
      try container.encode(letter.reason, forKey: .reason)
      try container.encode(letter.isReplayed, forKey: .replayed)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(letters.map { Letter(letter: $0) }, forKey: .letters)
  }
}
