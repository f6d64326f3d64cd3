import CardeaContracts
import CardeaLimits

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who shares one budget of a limit.
enum LimitSubject: String, Sendable, CaseIterable {
  /// Each key has its own.
  case key
  /// All keys of an owner share one; a key without an owner has its own.
  case owner
  /// All keys together share one.
  case all

  init(option text: String?) throws(RuleFault) {
    guard let text else {
      self = .key
      return
    }
    guard let subject = LimitSubject(rawValue: text) else {
      throw RuleFault("by=\(text) is nobody", "Write by=key, by=owner or by=all.")
    }
    self = subject
  }

  func budget(of identity: Identity) -> BudgetTable.Subject {
    switch self {
    case .key: LimitSubject.subject(identity.keyID)
    case .owner: LimitSubject.subject(identity.ownerID ?? identity.keyID)
    case .all: BudgetTable.Subject(low: 0, high: 0)
    }
  }

  private static func subject(_ id: UUID) -> BudgetTable.Subject {
    withUnsafeBytes(of: id.uuid) { bytes in
      BudgetTable.Subject(
        low: bytes.loadUnaligned(as: UInt64.self),
        high: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
  }
}
