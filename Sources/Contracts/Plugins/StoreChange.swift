#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One change to the store: at most one owner, one key, one re-hash, one plugin's record, and the log entries that
/// tell of it.
/// A store applies all of it in one transaction, in the order of the properties, or none.
public struct StoreChange: Sendable {
  /// Check everything and take it back: the errors are those of the change, nothing stays, and the position
  /// is that of the log's head.
  public var isRehearsal = false
  /// Refuse with `.notEmpty` if any key was ever made.
  public var onlyIfEmpty = false
  /// An owner to insert or replace.
  public var owner: Write<OwnerRecord>?
  /// A key, with all of its secrets, to insert or replace. A replace keeps the hash and the date of last use
  /// of secrets that stay (by id), since re-hash and usage leave the revision alone; a key whose owner does not
  /// exist is `.conflict`. An insert, and a replace that makes a key count
  /// again, respects the owner's `maxKeys` (keys that are neither revoked nor purged count).
  public var key: Write<KeyRecord>?
  /// A secret's hash to replace if it is still the expected one, else `.conflict`; the key's revision stays.
  public var rehash: Rehash?
  /// The use of an idempotency key; refused with `.idempotencyUsed` within 24 hours, before anything else.
  public var idempotency: IdempotencyRecord?
  /// Delete payload and salt of every earlier entry of this key in the signal log, and of every entry in the
  /// access log if the store keeps one; their digests stay. Earlier uses of idempotency keys for this key are forgotten:
  /// each has a digest of what was asked for.
  public var erasesLogOf: UUID?
  /// A plugin's record to write or to remove. It comes to a ``PluginRecordStore`` only; other stores pass it over.
  public var record: RecordWrite?
  /// What to append to the signal log.
  let drafts: [LogDraft]
  /// The drafts' digests, made where the change is, beside the store's work on others.
  private let digests: [Digest256]
  let chain: LogChain

  /// How a record gets into the store.
  public enum Write<Record: Sendable>: Sendable {
    case insert(Record)
    /// Replace the record whose revision is `expected`, else `.conflict`.
    case replace(Record, expected: Int64)

    /// The record as it is to be.
    public var record: Record {
      switch self {
      case .insert(let record), .replace(let record, _): record
      }
    }

    /// The record, if an earlier one gives way to it.
    package var replaced: Record? {
      if case .replace(let record, _) = self { record } else { nil }
    }
  }

  /// What is done to a plugin's record.
  public enum RecordWrite: Sendable {
    /// As ``PluginRecordStore/put(_:in:)`` does.
    case put(PluginRecord, in: String)
    /// As ``PluginRecordStore/removeRecords(_:from:subscription:)`` does; `.conflict` if there is no record.
    case remove(UUID, from: [String], subscription: String)
  }

  /// A secret's hash under another hasher.
  public struct Rehash: Sendable {
    /// That of the key.
    public let prefix: String
    /// ``StoredSecret/id``.
    public let secretID: UUID
    /// The hash that is expected to be there.
    public let from: EncodedHash
    /// The hash that takes its place.
    public let to: EncodedHash

    public init(prefix: String, secretID: UUID, from: EncodedHash, to: EncodedHash) {
      self.prefix = prefix
      self.secretID = secretID
      self.from = from
      self.to = to
    }
  }

  /// A change that appends `drafts`, chained by `primitives`.
  public init(drafts: [LogDraft], primitives: any Primitives) {
    self.drafts = drafts
    let chain = LogChain(primitives)
    self.chain = chain
    digests = drafts.map { chain.digest($0) }
  }

  /// The entries that this change appends to a log whose head is `head`, ready to be kept. Called by the
  /// store inside its transaction. The last entry's position and hash are the new head.
  public func entries(after head: LogHead) -> [LogEntry] {
    var head = head
    return zip(drafts, digests).map { draft, digest in
      let entry = chain.entry(draft, digest, after: head)
      head = LogHead(position: entry.position, hash: entry.hash)
      return entry
    }
  }
}
