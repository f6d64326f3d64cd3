/// Is told how long things took, for whoever measures. The kernel has one or none; `CardeaServer` has one that
/// hands on to swift-metrics.
///
/// Threading: any thread, many at once. It is called on the way of every request, before the verdict is returned:
/// an atomic addition or two, no lock, no allocation, no I/O.
public protocol KernelMeter: AnyObject, Sendable {
  /// An authentication was decided and accounted for.
  func note(_ authentication: MeasuredAuthentication)
  /// The store was asked for the key of a token: never where memory was enough.
  func note(_ lookup: MeasuredLookup)
  /// The store was asked to commit a change, or many in one call.
  func note(_ commit: MeasuredCommit)
}

/// What a meter is told of an authentication. Nothing that a client sent is in it.
public struct MeasuredAuthentication: Sendable, Equatable {
  /// Why it was denied; `nil` if it was allowed.
  public let reason: Denial.Reason?
  public let source: Source
  /// From the request to the verdict, the audit included.
  public let nanoseconds: UInt64

  public init(reason: Denial.Reason?, source: Source, nanoseconds: UInt64) {
    self.reason = reason
    self.source = source
    self.nanoseconds = nanoseconds
  }

  /// Where what is known of the key came from.
  public enum Source: Sendable, CaseIterable {
    /// No key was looked for: there was no readable token, or a limit denied before.
    case nowhere
    /// The verdict cache.
    case memory
    case store
  }
}

/// What a meter is told of a look-up of a token's key in the store.
public struct MeasuredLookup: Sendable, Equatable {
  public let result: Result
  /// From the call to the store's answer.
  public let nanoseconds: UInt64

  public init(result: Result, nanoseconds: UInt64) {
    self.result = result
    self.nanoseconds = nanoseconds
  }

  public enum Result: String, Sendable, CaseIterable {
    case found
    /// There is no key of this prefix.
    case absent
    /// The store can't be reached, did not answer in time, or found itself damaged.
    case failed
  }
}

/// What a meter is told of a commit.
public struct MeasuredCommit: Sendable, Equatable {
  public let result: Result
  /// From the call to the store's answer.
  public let nanoseconds: UInt64

  public init(result: Result, nanoseconds: UInt64) {
    self.result = result
    self.nanoseconds = nanoseconds
  }

  public enum Result: String, Sendable, CaseIterable {
    case done
    /// The store answered, and did not do it: a conflict, a duplicate, a limit.
    case refused
    /// The store can't be reached, or found itself damaged.
    case failed
  }
}
