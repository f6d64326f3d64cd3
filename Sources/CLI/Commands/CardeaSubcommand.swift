import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A command of this program: says what went wrong in one way and with one of the program's exit
/// codes.
protocol CardeaSubcommand: AsyncParsableCommand {
  var common: CommonOptions { get }
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
      let console = Toolbox.current.console
      if common.json {
        console.note(String(decoding: failure.problem.body(), as: UTF8.self))
      } else {
        for line in failure.lines { console.note(line) }
      }
      throw ExitCode(failure.exit.rawValue)
    }
  }
}

/// A command on an open store.
protocol KernelCommand: CardeaSubcommand {
  /// Whether it authenticates, so that its outcome is recorded. `false` unless it says so.
  static var isRecorded: Bool { get }
  func perform(_ session: Session) async throws
}

extension KernelCommand {
  func perform() async throws {
    try await Session.run(common, recording: Self.isRecorded) { try await perform($0) }
  }

  static var isRecorded: Bool { false }
}
