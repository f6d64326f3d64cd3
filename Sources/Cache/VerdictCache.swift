/// Remembers which tokens match which secret row, never a verdict.
///
/// From the keyed digest of a whole token to *matched this row* or *matched none of these rows*, with the key
/// as it was read. That a token matches a row stays true for as long as the row exists, so a reading that has
/// become stale costs another one but no second hash. State, expiry, owner, class, scopes and policies are
/// judged every time.
///
/// Bounded: matches and mismatches each have a table of their own, so wrong tokens never push out right ones.
///
/// Threading: any thread; a look-up holds one of 64 locks for some nanoseconds.
package final class VerdictCache: Sendable {
  private let matches: CacheTable
  private let mismatches: CacheTable

  package init(entries: Int, wrongEntries: Int) {
    matches = CacheTable(capacity: entries)
    mismatches = CacheTable(capacity: wrongEntries)
  }

  package var counts: (matches: Int, mismatches: Int) { (matches.count, mismatches.count) }

  @inline(__always)
  package func find(_ digest: Digest128) -> KnownToken? {
    matches.find(digest) ?? mismatches.find(digest)
  }

  package func insert(_ token: KnownToken) {
    if token.secretID != nil {
      matches.insert(token)
    } else if !matches.replace(token) {
      // A token that matched until it was rotated out takes its own place; others are strangers.
      mismatches.insert(token)
    }
  }
}
