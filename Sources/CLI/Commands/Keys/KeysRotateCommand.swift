import ArgumentParser
import CardeaLifecycle

/// `cardea keys rotate`.
struct KeysRotateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Give a key, or every key that filters find, a new token and print it, once.",
    discussion: """
      Without --overlap every earlier token of the key dies at once. With it, the old one works on \
      until the overlap ends, or until complete-rotation or cancel-rotation ends it. The key's id, \
      prefix and expiry stay.

      Of many keys each new token is printed as soon as it is in force, as a line of CSV (id, prefix, name, \
      owner, token), or as an element of "issued" with --json. What failed or did not have its turn is \
      named at the end; their old tokens work on, unless the store was lost meanwhile: look with keys show.

      Example:
        cardea keys rotate tok_ab12CD34 --overlap 1d
        cardea keys rotate --owner alice --overlap 7d --yes > new-tokens.csv
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var selection: KeySelection

  @Option(
    help: ArgumentHelp("How long the old token works on, at most 7d.", valueName: "duration"))
  var overlap: DurationArgument?

  @Option(help: ArgumentHelp("Move the key to this token format.", valueName: "format"))
  var format: String?

  @OptionGroup var tokenFile: TokenFileOption
  @OptionGroup var confirmation: Confirmation

  func validate() throws {
    if let overlap, overlap.value.duration == nil {
      throw ValidationError("--overlap can't be never")
    }
  }

  func perform(_ session: Session) async throws {
    let overlap = overlap?.value.duration ?? .zero
    let rotation = Rotation(overlap: overlap, format: format)
    guard let name = selection.key else {
      return try await BulkRun(
        session: session, action: .rotate, trial: trial, waiting: waiting, rotation: rotation
      ).perform(selection.filter, confirmation, tokenFile: tokenFile.tokenFile)
    }
    let stored = try await KeyReference.find(name, in: session.kernel)
    if overlap == .zero, !trial.dryRun {
      try confirmation.ask(
        "Rotate \(stored.key.prefix) (\(stored.key.name)): its present token dies at once?",
        session.console)
    }
    var file: TokenFile?
    if let path = tokenFile.tokenFile, !trial.dryRun { file = try TokenFile(creating: path) }
    var issued = try await session.kernel.rotateToken(stored.key.id, rotation, by: trial.actor)
    if trial.dryRun { return try ChangeOutput(session, trial).rehearsed(issued, "rotated") }
    // In one document with the receipt; else nobody waits for the token.
    if session.json { issued.receipt = await waiting.settled(issued.receipt, session) }
    try IssuedKeyOutput(session: session, verb: "rotated").hand(over: issued, to: &file)
    guard !session.json else { return }
    let receipt = await waiting.settled(issued.receipt, session)
    let text = ReceiptText.sentence(
      receipt, namesNodes: session.kernel.namesNodes, waited: waiting.wait)
    if waiting.wait || session.kernel.namesNodes, !text.isEmpty { session.console.note(text) }
  }
}
