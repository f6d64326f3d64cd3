/// Recorded authentications of one node, in order, without gaps.
///
/// Threading: the kernel makes one call at a time; recording goes on meanwhile.
public protocol AccessSource: Sendable {
  /// Whose chain of the access log they belong to.
  var node: String { get }
  /// How many records wait to be moved. Must not wait for a disk.
  var waiting: Int { get }
  /// Told before the first batch, and when the store turned out to be further on: records up to here are
  /// in the store, and new ones are numbered after it.
  func resume(after sequence: Int64) throws
  /// Records after `sequence` that are as durable as promised: at most `details` that are entries of
  /// their own, and at most `limit` in all.
  func records(after sequence: Int64, details: Int, limit: Int) throws -> [SpooledAccess]
  /// The store has everything up to here.
  func discard(through sequence: Int64) throws
}
