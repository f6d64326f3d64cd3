import CardeaKernel
import CardeaServer

/// What a change came to: the record for programs, a sentence for people.
struct ChangeOutput {
  private let session: Session

  init(_ session: Session) { self.session = session }

  /// - Parameter verb: what was done: `revoked`.
  func key(_ changed: ChangedKey, _ verb: String) throws {
    guard !session.json else {
      return try session.print(ChangedKeyResource(changed, at: session.now))
    }
    let key = changed.stored.key
    let name = key.name.isEmpty ? "" : " (\(SafeText.line(key.name)))"
    session.console.out("Key \(key.prefix)\(name) \(verb).\(bound(changed.receipt))")
  }

  func owner(_ changed: ChangedOwner, _ verb: String) throws {
    guard !session.json else { return try session.print(ChangedOwnerResource(changed)) }
    let owner = changed.owner
    session.console.out(
      "Owner \(owner.name) (\(owner.kind.rawValue)) \(verb).\(bound(changed.receipt))")
  }

  /// By when servers on this store obey the change.
  private func bound(_ receipt: Receipt) -> String {
    guard receipt.boundMilliseconds > 0 else { return "" }
    let bound = DurationText.finite(.milliseconds(receipt.boundMilliseconds))
    return " Running servers obey within \(bound)."
  }
}
