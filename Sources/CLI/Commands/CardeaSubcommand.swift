import ArgumentParser

/// A command of this program: says what went wrong in one way and with one of the program's exit
/// codes.
protocol CardeaSubcommand: AsyncParsableCommand {
  associatedtype Common: SharedOptions
  var common: Common { get }
  func perform() async throws
}

extension CardeaSubcommand {
  mutating func run() async throws {
    do {
      try await perform()
    } catch let code as ExitCode {
      throw code
    } catch {
      let failure = CommandFailure(error)
      failure.tell(Toolbox.current.console, json: common.json)
      throw ExitCode(failure.exit.rawValue)
    }
  }
}
