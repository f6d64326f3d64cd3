import ArgumentParser

/// A command that ends or replaces something asks first.
struct Confirmation: ParsableArguments {
  @Flag(name: [.short, .long], help: "Do not ask. Only a terminal is asked in the first place.")
  var yes = false

  /// Asks before many keys are changed.
  func askForMany(_ question: String, _ console: Console) throws(CommandFailure) {
    try insist(
      question, on: "many keys are changed", remedy: "Look first, with --dry-run; then say --yes.",
      console)
  }

  /// Asks. Where nobody can be asked, `--yes` has to stand for the answer.
  /// - Parameters:
  ///   - change: what is not done without an answer: `many keys are changed`.
  ///   - remedy: what to do where nobody can be asked.
  func insist(
    _ question: String, on change: String, remedy: String, _ console: Console
  ) throws(CommandFailure) {
    guard yes || (console.inputIsTerminal && console.notesAreOnTerminal) else {
      throw .usage(
        "\(change) only after a question, and nobody is there to be asked", remedy: remedy)
    }
    try ask(question, console)
  }

  /// Asks, if somebody is there to answer; anything but `y` or `yes` refuses.
  func ask(_ question: String, _ console: Console) throws(CommandFailure) {
    guard !yes, console.inputIsTerminal, console.notesAreOnTerminal else { return }
    console.prompt("\(SafeText.line(question)) [y/N] ")
    let answer = console.readLine().map { String(decoding: $0, as: UTF8.self).lowercased() }
    guard answer == "y" || answer == "yes" else {
      throw .refused("not_confirmed", "nothing was changed")
    }
  }
}
