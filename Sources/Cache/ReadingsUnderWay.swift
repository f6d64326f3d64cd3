/// Readings of the store that are under way, so that many requests with one token that nobody remembers cost one reading
/// and one hash: whoever comes while another reads waits for what that one finds.
///
/// Threading: any thread.
package final class ReadingsUnderWay: Sendable {
  private typealias Follower = CheckedContinuation<ColdReading?, Never>

  /// By the token that is read, who waits for it.
  private let followers = Locked<[Digest128: [Follower]]>([:])

  package init() {}

  /// What another's reading of this token finds, if one is under way; it began before the call. Else `nil`: the caller
  /// is to read, and to tell by ``end(_:_:)``.
  package func join(_ digest: Digest128) async -> ColdReading? {
    // At first without a continuation: as a rule nobody else asks.
    let leads = followers.withLock { followers in
      if followers[digest] != nil { return false }
      followers[digest] = []
      return true
    }
    if leads { return nil }
    return await withCheckedContinuation { follower in
      let leads = followers.withLock { followers in
        if followers[digest]?.append(follower) != nil { return false }
        followers[digest] = []
        return true
      }
      if leads { follower.resume(returning: nil) }
    }
  }

  /// Tells those who wait.
  package func end(_ digest: Digest128, _ reading: ColdReading) {
    let waited = followers.withLock { $0.removeValue(forKey: digest) } ?? []
    for follower in waited { follower.resume(returning: reading) }
  }

  /// Who waits for another's reading: for tests.
  var waiting: Int { followers.withLock { $0.values.reduce(0) { $0 + $1.count } } }
}
