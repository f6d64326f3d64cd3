import ArgumentParser

extension CommandFailure {
  /// A command line that is none of the program's, in the words of the parser.
  init(parsing error: any Error) {
    let message = CardeaCommand.message(for: error)
      // A list of what may be given.
      .replacing(":\n  - ", with: ": ").replacing("\n  - ", with: ", ")
    // `Help:  --sort <order>  What it is for.`, `Usage: …` and `See '… --help' for more information.`
    let lines = CardeaCommand.fullMessage(for: error).split(separator: "\n")
    let help = lines.compactMap { $0.wholeMatch(of: /Help: +(.*?>) +(.*)/) }.last
    let command = lines.last?.firstMatch(of: /See '(.*)' for more information/)?.1
    var remedy = "See: \(command ?? "cardea --help")"
    if let help { remedy = "\(help.1): \(help.2)\n\(remedy)" }
    self = .usage(message.prefix(1).lowercased() + message.dropFirst(), remedy: remedy)
  }
}

extension CardeaCommand {
  /// What is wrong with these arguments; `nil` if nothing is. No command is run.
  package static func fault(in arguments: [String]) -> String? {
    do {
      _ = try parseAsRoot(arguments)
      return nil
    } catch {
      return exitCode(for: error).isSuccess ? nil : CommandFailure(parsing: error).message
    }
  }
}
