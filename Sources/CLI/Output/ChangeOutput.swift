import CardeaLifecycle
import CardeaServer

/// What a change came to, once every server obeys if it is to be waited for: the record for programs, a sentence for
/// people.
struct ChangeOutput {
  private let session: Session
  private let dryRun: Bool
  private let waiting: WaitOption?

  /// - Parameter waiting: `nil` of a change that can't be waited for.
  init(_ session: Session, _ trial: DryRunOption, _ waiting: WaitOption? = nil) {
    self.session = session
    dryRun = trial.dryRun
    self.waiting = waiting
  }

  /// - Parameter verb: what was done: `revoked`.
  func key(_ changed: ChangedKey, _ verb: String) async throws {
    var changed = changed
    changed.receipt = await settled(changed.receipt)
    guard !session.json else {
      return try session.print(ChangedKeyResource(changed, at: session.now, dryRun: dryRun))
    }
    say(changed.stored.key, verb, changed.receipt)
  }

  /// A key that would have been given a token.
  func rehearsed(_ issued: IssuedKey, _ verb: String) throws {
    guard !session.json else {
      return try session.print(ChangedKeyResource(rehearsed: issued, at: session.now))
    }
    // A new key would have another prefix.
    if verb == "made" {
      return session.console.out("Key \(SafeText.line(issued.stored.key.name)) would be made.")
    }
    say(issued.stored.key, verb, issued.receipt)
  }

  func owner(_ changed: ChangedOwner, _ verb: String) async throws {
    var changed = changed
    changed.receipt = await settled(changed.receipt)
    guard !session.json else {
      return try session.print(ChangedOwnerResource(changed, at: session.now, dryRun: dryRun))
    }
    say(changed.owner, verb, changed.receipt)
  }

  /// A new owner, and the token of its first key alone on its line.
  func owner(_ created: CreatedOwner, _ verb: String, _ file: inout TokenFile?) throws {
    if session.json, file == nil {
      return try session.print(ChangedOwnerResource(created, at: session.now, dryRun: dryRun))
    }
    guard let firstKey = created.firstKey, !dryRun else {
      return say(created.owner, verb, created.receipt)
    }
    if !session.json { session.console.note(sentence(created.owner, verb, created.receipt)) }
    try IssuedKeyOutput(session: session, verb: "made").hand(over: firstKey, to: &file)
  }

  private func settled(_ receipt: Receipt) async -> Receipt {
    guard let waiting, !dryRun else { return receipt }
    return await waiting.settled(receipt, session)
  }

  private func say(_ key: KeyRecord, _ verb: String, _ receipt: Receipt) {
    let name = key.name.isEmpty ? "" : " (\(SafeText.line(key.name)))"
    session.console.out("Key \(key.prefix)\(name) \(conditional(verb)).\(bound(receipt))")
  }

  private func say(_ owner: OwnerRecord, _ verb: String, _ receipt: Receipt) {
    session.console.out(sentence(owner, verb, receipt))
  }

  private func sentence(_ owner: OwnerRecord, _ verb: String, _ receipt: Receipt) -> String {
    "Owner \(owner.name) (\(owner.kind.rawValue)) \(conditional(verb)).\(bound(receipt))"
  }

  private func conditional(_ verb: String) -> String {
    guard dryRun else { return verb }
    return verb.hasPrefix("has ") ? "would have \(verb.dropFirst(4))" : "would be \(verb)"
  }

  /// Which servers on this store obey the change, or by when they do.
  private func bound(_ receipt: Receipt) -> String {
    if dryRun { return "" }
    let text = ReceiptText.sentence(
      receipt, namesNodes: session.kernel.namesNodes, waited: waiting?.wait ?? false)
    return text.isEmpty ? "" : " \(text)"
  }
}
