#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An access-log entry on its way into the log: no position and no hash yet.
public struct AccessDraft: Sendable, Equatable {
  /// ``AccessEvent/action``; rows of other systems have names of their own.
  public var action: String
  /// Of a batch: when the last was made.
  public var at: Timestamp
  /// ``Denial/Reason`` as on the wire; `nil` when allowed.
  public var reason: String?
  /// The HTTP status that the verdict means; 0 where there is none.
  public var status: Int
  /// How many attempts it stands for.
  public var count: Int64
  /// The key that was presented, if it exists.
  public var keyID: UUID?
  /// The prefix that was presented.
  public var prefix: String?
  /// ``AccessPayload/json``.
  public var payload: [UInt8]

  public init(
    action: String, at: Timestamp, reason: String?, status: Int, count: Int64 = 1,
    keyID: UUID? = nil, prefix: String? = nil, payload: [UInt8]
  ) {
    self.action = action
    self.at = at
    self.reason = reason
    self.status = status
    self.count = count
    self.keyID = keyID
    self.prefix = prefix
    self.payload = payload
  }

  public init(_ event: AccessEvent) {
    self.init(
      action: event.action, at: event.at, reason: event.reason?.rawValue,
      status: event.status, keyID: event.keyID, prefix: event.prefix,
      payload: AccessPayload(event).json)
  }

  /// What is kept of an attempt during a flood: outcome, key, and the client's address.
  public init(folding event: AccessEvent) {
    var payload = AccessPayload()
    payload.address = event.request.clientAddress
    self.init(
      action: event.action, at: event.at, reason: event.reason?.rawValue,
      status: event.status, keyID: event.keyID, payload: payload.json)
  }

  /// Attempts that were denied because they could not be recorded, and of which nothing else is known.
  public init(unrecorded count: Int64, at: Timestamp) {
    let denial = Denial(.auditUnavailable)
    self.init(
      action: AccessDraft.action(for: denial.reason), at: at, reason: denial.reason.rawValue,
      status: denial.status, count: count, payload: AccessPayload().json)
  }

  /// Attempts whose entries never reached the store: a queue that was full, a spool or a store that was
  /// restored from an older copy.
  public init(lost count: Int64, at: Timestamp) {
    self.init(
      action: AccessDraft.entriesLost, at: at, reason: nil, status: 0, count: count,
      payload: AccessPayload().json)
  }

  /// The action of ``init(lost:at:)``.
  private static let entriesLost = "access_entries_lost"

  /// Every action of our own that the access log has.
  package static let actions = [
    UserLoggedIn.name, UserLoggedOut.name, AuthenticationFailed.name, RateLimited.name, entriesLost,
  ]

  /// The name of the signal that tells of such an outcome of an authentication.
  public static func action(for reason: Denial.Reason?) -> String {
    switch reason {
    case nil: UserLoggedIn.name
    case .rateLimited: RateLimited.name
    default: AuthenticationFailed.name
    }
  }
}
