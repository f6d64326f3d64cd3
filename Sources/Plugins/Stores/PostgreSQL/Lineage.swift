import CardeaContracts
import Dispatch

/// Which servers of a URL's are the database: those of one cluster, and of them none that is behind the furthest timeline
/// that any connection has found. A primary that comes back after another took its place is of an earlier one (PostgreSQL
/// manual, "Timelines"); what it answers is of the past. And whether its tables are still those that this program knows.
///
/// Threading: from any thread.
final class Lineage: Sendable {
  private struct State: Sendable {
    var cluster: Int64?
    var timeline: Int64 = 0
    /// What was noticed last, and when (monotonic): who was refused, or that a server does not say which it is.
    var noticed: (caution: String, at: UInt64)?
    var risen: (@Sendable () -> Void)?
    var newer: String?
  }

  private let state = Locked(State())

  /// - Parameter risen: called when a connection has found a further timeline than those before it, which have to be made
  ///   again.
  func onRise(_ risen: @escaping @Sendable () -> Void) { state.withLock { $0.risen = risen } }

  /// That a newer program has changed the tables, as of the last poll: nothing that this one reads may be believed, and
  /// what it writes may mean something else.
  var newer: String? { state.withLock { $0.newer } }

  /// - Returns: why nobody is to be asked, if the tables are of a version that this program doesn't know.
  func note(version: Int64) -> String? {
    let newer =
      version <= Schema.version
      ? nil
      : "a newer program has changed the database's tables (version \(version), this one knows "
        + "\(Schema.version)): install it on this node too"
    state.withLock { $0.newer = newer }
    return newer
  }

  /// Of a primary; a standby's timeline is NULL.
  static let question = Statement(
    """
    SELECT (SELECT system_identifier FROM pg_control_system()),
      CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
    """, isKept: false)

  /// - Throws: if the server is not to be asked anything.
  func admit(_ rows: Rows) throws(Failure) {
    guard let row = rows.first, !row.isNull(0) else {
      throw .lost("the server does not say which it is")
    }
    let cluster = row.int(0)
    var timeline: Int64?
    do throws(StoreError) {
      timeline = try row.optionalText(1).flatMap { Int64($0, radix: 16) }
    } catch {
      throw .lost("the server does not say which it is")
    }
    let outcome = state.withLock { state -> Result<(@Sendable () -> Void)?, Failure> in
      if let known = state.cluster, known != cluster {
        return .failure(
          .lost("another cluster answers than before: if it is meant, start this program again"))
      }
      state.cluster = cluster
      guard let timeline else { return .success(nil) }
      if timeline < state.timeline {
        return .failure(
          .lost(
            "a former primary answers, of timeline \(timeline), and another has gone on to "
              + "\(state.timeline): stop it, or let it follow"))
      }
      defer { state.timeline = timeline }
      return .success(state.timeline > 0 && timeline > state.timeline ? state.risen : nil)
    }
    if case .failure(let failure) = outcome { note(failure.reason) }
    try outcome.get()?()
  }

  /// A server that refuses the question itself is taken as it is, with a caution: some that are rented keep it from their
  /// users, and those watch over their primaries themselves.
  /// - Throws: `failure`, if it is any other.
  func admit(unknown failure: Failure) throws(Failure) {
    // insufficient_privilege, undefined_function, feature_not_supported.
    guard case .refused(let state, let said) = failure, ["42501", "42883", "0A000"].contains(state)
    else { throw failure }
    note(
      "whether a former primary answers can't be told (\(said)): grant our user EXECUTE on "
        + "pg_control_system() and pg_walfile_name(pg_lsn)")
  }

  private func note(_ caution: String) {
    state.withLock { $0.noticed = (caution, DispatchTime.now().uptimeNanoseconds) }
  }

  /// What there is to say of the last ten minutes.
  var caution: String? {
    let noticed = state.withLock { $0.noticed }
    return noticed.flatMap {
      DispatchTime.now().uptimeNanoseconds &- $0.at < 600_000_000_000 ? $0.caution : nil
    }
  }
}
