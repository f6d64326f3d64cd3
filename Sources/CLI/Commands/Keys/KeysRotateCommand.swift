import ArgumentParser
import CardeaKernel

/// `cardea keys rotate`.
struct KeysRotateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Give a key a new token and print it, once.",
    discussion: """
      Without --overlap every earlier token of the key dies at once. With it, the old one works on
      until the overlap ends, or until complete-rotation or cancel-rotation ends it. The key's id,
      prefix and expiry stay.

      Example:
        cardea keys rotate tok_ab12CD34 --overlap 1d
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference

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
    let stored = try await key.find(in: session.kernel)
    let overlap = overlap?.value.duration ?? .zero
    if overlap == .zero {
      try confirmation.ask(
        "Rotate \(stored.key.prefix) (\(stored.key.name)): its present token dies at once?",
        session.console)
    }
    var file: TokenFile?
    if let path = tokenFile.tokenFile { file = try TokenFile(creating: path) }
    let issued = try await session.kernel.rotateToken(
      stored.key.id, Rotation(overlap: overlap, format: format), by: .commandLine)
    try IssuedKeyOutput(session: session, verb: "rotated").hand(over: issued, to: &file)
  }
}
