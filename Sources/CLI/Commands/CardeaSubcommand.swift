import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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

/// A command on an open store.
protocol KernelCommand: CardeaSubcommand where Common == CommonOptions {
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
