#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Why a lifecycle operation was not done. Nothing was stored, but for ``storeUnavailable(_:)``, after which that is not
/// known.
public enum LifecycleError: Error, Sendable, Equatable {
  /// A field is not acceptable.
  case invalid(field: String, reason: String)
  /// No key or owner has this id or name.
  case notFound(String)
  /// Somebody else changed the record at the same moment; read it again and retry.
  case conflict
  /// The key's state does not allow it: `revoked`, `purged`, ….
  case wrongState(KeyState)
  /// There is no rotation open to complete or cancel.
  case noRotation
  /// A rotation's overlap is open; complete or cancel it, or rotate with overlap 0.
  case rotationInProgress(until: Timestamp)
  /// The owner has as many keys as allowed.
  case ownerLimit(Int)
  /// The owner is disabled.
  case ownerDisabled(String)
  /// An owner of that kind and name exists.
  case duplicateOwner(String)
  /// The actor may not give or touch what it does not have itself.
  case beyondActor(String)
  /// The same idempotency key and body made or rotated this key before. A token is never repeated: rotate the key.
  case alreadyDone(keyID: UUID)
  /// The idempotency key was used with another body.
  case idempotencyMismatch
  /// The store already has, or had, a key: bootstrap is over.
  case notEmpty
  /// There are no sessions: no issuer is registered.
  case sessionsOff
  /// Only a key itself may do this, not a session of it.
  case keyRequired
  /// The request came with a key itself; there is no session to end.
  case sessionRequired
  /// As many sessions as may be remembered.
  case sessionLimit
  /// Too many slow hashes are waiting.
  case overloaded
  /// The store can't be reached, or is damaged; the reason for operators.
  case storeUnavailable(String)
  /// A plugin failed; the reason for operators.
  case failed(String)

  /// The wire code.
  public var code: String {
    switch self {
    case .invalid: "invalid"
    case .notFound: "not_found"
    case .conflict: "conflict"
    case .wrongState(let state): state.rawValue
    case .noRotation: "no_rotation"
    case .rotationInProgress: "rotation_in_progress"
    case .ownerLimit: "owner_limit"
    case .ownerDisabled: "owner_disabled"
    case .duplicateOwner: "duplicate_owner"
    case .beyondActor: "beyond_actor"
    case .alreadyDone: "already_done"
    case .idempotencyMismatch: "idempotency_mismatch"
    case .notEmpty: "not_empty"
    case .sessionsOff: "sessions_off"
    case .keyRequired: "key_required"
    case .sessionRequired: "session_required"
    case .sessionLimit: "session_limit"
    case .overloaded: "overloaded"
    case .storeUnavailable: "store_unavailable"
    case .failed: "failed"
    }
  }

  /// The field of the request that has to change, where one has.
  public var field: String? {
    switch self {
    case .invalid(let field, _): field
    case .ownerLimit, .ownerDisabled: "owner"
    case .duplicateOwner: "name"
    case .idempotencyMismatch: "Idempotency-Key"
    default: nil
    }
  }
}

extension LifecycleError: CustomStringConvertible {
  /// Cause and remedy, for people. Never holds a token or a secret.
  public var description: String {
    switch self {
    case .invalid(let field, let reason): "\(field): \(reason)"
    case .notFound(let what): "no such \(what)"
    case .conflict: "somebody else changed it at the same moment; read it again and retry"
    case .wrongState(let state): "the key is \(state.rawValue), which is final; make another"
    case .noRotation: "no rotation is open; there is nothing to complete or cancel"
    case .rotationInProgress(let until):
      "a rotation is open until \(until.rfc3339); complete or cancel it, or rotate with overlap 0"
    case .ownerLimit(let limit):
      "the owner has the \(limit) key\(limit == 1 ? "" : "s") it may have; revoke one or raise max_keys"
    case .ownerDisabled(let name): "the owner \(name) is disabled; enable it first"
    case .duplicateOwner(let name): "an owner named \(name) exists already"
    case .beyondActor(let what): "this goes beyond what you hold: \(what)"
    case .alreadyDone(let id):
      "this request was done before and made key \(id.text); a token is never repeated: rotate the key"
    case .idempotencyMismatch: "this Idempotency-Key was used with another body; take a new one"
    case .notEmpty: "the store has, or had, a key already; use `cardea init --new-admin`"
    case .sessionsOff: "there are no sessions here"
    case .keyRequired: "present the key itself: a session may not do this"
    case .sessionRequired: "no session was presented, so there is none to end"
    case .sessionLimit: "there are as many sessions as may be; retry when some have expired"
    case .overloaded: "too many hashes are waiting; retry in a moment"
    case .storeUnavailable(let reason): "the store can't be used: \(reason)"
    case .failed(let reason): reason
    }
  }
}
