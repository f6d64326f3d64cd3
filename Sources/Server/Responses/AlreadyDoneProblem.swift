import CardeaHTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The answer to a creation that was done before: the problem, and the key that it made then.
struct AlreadyDoneProblem: Encodable {
  let problem: Problem
  let key: KeyResource

  private enum CodingKeys: String, CodingKey { case key }

  func encode(to encoder: any Encoder) throws {
    try problem.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(key, forKey: .key)
  }
}
