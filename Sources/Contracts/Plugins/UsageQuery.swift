#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which entries of the access log are counted.
public struct UsageQuery: Sendable, Equatable {
  /// Whose entries are counted.
  public var keyID: UUID
  /// Inclusive.
  public var since: Timestamp
  /// Exclusive.
  public var until: Timestamp
  /// How many paths are told apart.
  public var mostPaths: Int

  /// The names of what tells of an authentication.
  public static let actions = [UserLoggedIn.name, AuthenticationFailed.name, RateLimited.name]

  public init(keyID: UUID, since: Timestamp, until: Timestamp, mostPaths: Int) {
    self.keyID = keyID
    self.since = since
    self.until = until
    self.mostPaths = max(0, mostPaths)
  }
}
