import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is known of one token: its key as one reading of the store found it, and which secret row it matched,
/// if any. It gathers the token's use between two flushes too, so that verifying writes nothing to the store.
///
/// What every request looks at comes first, so that among a hundred thousand of these a warm request touches
/// two or three cache lines of one.
///
/// Threading: immutable but for the counters; any thread.
@usableFromInline package final class KnownToken: Sendable {
  package let digest: Digest128
  /// From before the reading: nothing here holds once the key or its owner changed since.
  package let stamp: ChangeStamp
  @usableFromInline let expiresAt: Timestamp
  /// When the matched row dies; already past if the token matched none.
  @usableFromInline let rightUntil: Timestamp
  @usableFromInline let uses = Atomic<Int64>(0)
  @usableFromInline let lastUsed = Atomic<Int64>(0)
  @usableFromInline let openSession: OpenSession?
  /// From where it was used, of the older secret of a rotation; `nil` of any other, which is not asked.
  private let addresses: Locked<AddressSet>?
  @usableFromInline let prefix: String
  /// Whether the token was looked up since the cache's hand passed it.
  @usableFromInline let isSeen = Atomic<Bool>(true)
  @usableFromInline let status: KeyRecord.Status
  @usableFromInline let isOwnerDisabled: Bool
  /// Whether the token matches a row or did once, until it was rotated out: whoever has it did not guess it.
  package let wasRight: Bool
  @usableFromInline let naming: TokenNaming
  @usableFromInline package let key: KeyRecord
  package let owner: OwnerRecord?
  /// The row that the token matched; `nil` if it matched none of the key's rows.
  package let secretID: UUID?
  /// What the token grants: the key's scopes, or what a session holds of them.
  @usableFromInline package let scopes: ScopeSet

  /// Apart, so that what is known of a key's token is no larger for it.
  @usableFromInline final class OpenSession: Sendable {
    @usableFromInline let facts: SessionFacts
    init(_ facts: SessionFacts) { self.facts = facts }
  }

  /// The session that the token stands for, if it is no key's own.
  package var session: SessionFacts? {
    @inlinable
    @inline(__always) get { openSession?.facts }
  }

  package init(
    _ stored: StoredKey, digest: Digest128, stamp: ChangeStamp, match: StoredSecret?,
    session: SessionFacts? = nil, naming: TokenNaming = .begins(omitting: 0), wasRight: Bool = false
  ) {
    self.wasRight = wasRight || match != nil
    self.digest = digest
    self.stamp = stamp
    self.naming = naming
    var record = stored.key
    if match == nil {
      // Wrong tokens are held by the thousand, and nothing that a key may carry is asked of them.
      record.description = ""
      record.scopes = []
      record.metadata = [:]
    }
    key = record
    prefix = record.prefix
    owner = stored.owner
    secretID = match?.id
    scopes = session.map { $0.scopes.intersection(record.scopes) } ?? record.scopes
    openSession = session.map { OpenSession($0) }
    addresses = match?.endsAt == nil ? nil : Locked(AddressSet())
    status = stored.key.status
    isOwnerDisabled = stored.owner?.disabled ?? false
    expiresAt = stored.key.expiresAt ?? KnownToken.never
    rightUntil = match.map { $0.endsAt ?? KnownToken.never } ?? .earliest
  }

  /// Later than any time that a clock tells: the end of the year 9999.
  private static let never = Timestamp.latest

  /// Whether the token's bytes name this key.
  @inlinable
  @inline(__always)
  package func isNamed(by token: UnsafeRawBufferPointer, _ primitives: any Primitives) -> Bool {
    naming.holds(token, prefix: prefix, primitives)
  }

  /// Whether this is the key of that prefix, byte for byte.
  package func has(prefix: String) -> Bool { key.prefix.utf8.elementsEqual(prefix.utf8) }

  /// When the matched row dies, if it is being rotated out.
  package var secretEndsAt: Timestamp? { rightUntil == KnownToken.never ? nil : rightUntil }

  /// Whether the token is known not to match this row.
  package func isWrong(for row: StoredSecret) -> Bool {
    secretID == nil && key.secrets.contains { $0.id == row.id }
  }

  /// Why the token is not enough right now; `nil` if it is right and its key in force. The secret is judged
  /// before the state: a stranger with a wrong secret learns nothing of the key.
  @inlinable
  @inline(__always)
  package func denial(at now: Timestamp) -> Denial.Reason? {
    if now >= rightUntil { return openSession == nil ? .wrongSecret : .sessionEnded }
    switch status {
    case .active: break
    case .purged: return .purged
    case .revoked: return .revoked
    case .suspended: return .suspended
    }
    if now >= expiresAt { return .expired }
    return isOwnerDisabled ? .ownerDisabled : nil
  }

  /// What a route demands and this key does not have.
  @inlinable
  @inline(__always)
  package func shortfall(of requirement: Requirement) -> Denial.Reason? {
    requirement.asksForAnyKey ? nil : requirement.shortfall(scopes: scopes, keyClass: key.keyClass)
  }

  @inlinable
  @inline(__always)
  package func noteSight() {
    if !isSeen.load(ordering: .relaxed) { isSeen.store(true, ordering: .relaxed) }
  }

  /// Whether it was seen since the last call.
  package func forgetSight() -> Bool { isSeen.exchange(false, ordering: .relaxed) }

  /// Notes one use. `true` if it is the first since ``takeUsage()``: the caller then lists this in the ledger.
  @inlinable
  @inline(__always)
  package func noteUse(at now: Timestamp) -> Bool {
    lastUsed.store(now.milliseconds, ordering: .relaxed)
    return uses.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue == 0
  }

  /// Whether addresses are to be noted.
  package var notesAddresses: Bool { addresses != nil }

  package func note(address mark: UInt64) { addresses?.withLock { $0.insert(mark) } }

  /// What was gathered since the last call.
  package func takeUsage() -> KeyUsage? {
    guard let secretID else { return nil }
    let count = uses.exchange(0, ordering: .acquiringAndReleasing)
    return KeyUsage(
      prefix: key.prefix, secretID: secretID, count: count,
      lastUsedAt: Timestamp(milliseconds: lastUsed.load(ordering: .relaxed)),
      addresses: addresses?.withLock { $0 } ?? AddressSet())
  }
}
