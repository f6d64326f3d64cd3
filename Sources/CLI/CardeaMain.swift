import ArgumentParser
import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The whole program, for the `main` of `cardea` and of programs with plugins of their own:
///
/// ```swift
/// @main
/// enum Main {
///   static func main() async {
///     await CardeaMain.main(plugins: [CookieExtractor.self], stores: [FolderStore.scheme])
///   }
/// }
/// ```
public enum CardeaMain {
  /// Runs the command that the process's arguments name, and ends the process with its exit code.
  /// - Parameters:
  ///   - plugins: besides the standard ones; configured under `plugins.<id>`.
  ///   - stores: besides `sqlite:`, `postgres:`, `postgresql:` and `memory:`; one of the same name takes its place.
  public static func main(
    plugins: [any ConfigurablePlugin.Type] = [], stores: [StoreScheme] = []
  ) async -> Never {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // A reader that has gone is an error of that write, not the end of the process in the middle of a change.
    signal(SIGPIPE, SIG_IGN)
    let code = await run(arguments, plugins: plugins, stores: stores)
    fflush(nil)
    // Not `exit`: it lets libraries take their state away (OpenSSL its locks) which a thread that still closes a
    // connection uses, and the process would end by a fault after all was done well.
    _exit(code)
  }

  /// Runs a command and returns its exit code: 0 done, 1 refused, 2 usage or configuration, 3 store
  /// unreachable.
  public static func run(
    _ arguments: [String], plugins: [any ConfigurablePlugin.Type] = [], stores: [StoreScheme] = []
  ) async -> Int32 {
    var toolbox = Toolbox.current
    toolbox.plugins += plugins
    toolbox.stores += stores
    return await Toolbox.$current.withValue(toolbox) { await run(arguments) }
  }

  /// A command whose results could not be written did not succeed.
  private static func run(_ arguments: [String]) async -> Int32 {
    let code = await perform(arguments)
    let console = Toolbox.current.console
    guard code == ExitCode.success.rawValue, let failure = console.outputFailure else {
      return code
    }
    if !failure.isQuiet {
      console.note("cardea: standard output could not be written: \(failure.reason)")
    }
    return CommandFailure.Exit.refused.rawValue
  }

  private static func perform(_ arguments: [String]) async -> Int32 {
    let console = Toolbox.current.console
    do {
      var command = try CardeaCommand.parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      return ExitCode.success.rawValue
    } catch let code as ExitCode {
      return code.rawValue
    } catch {
      if CardeaCommand.exitCode(for: error).isSuccess {
        console.out(CardeaCommand.fullMessage(for: error))
        return ExitCode.success.rawValue
      }
      // Options end at `--`: what comes after it is no flag.
      let isJSON = arguments.prefix { $0 != "--" }.contains("--json")
      CommandFailure(parsing: error).tell(console, json: isJSON)
      return CommandFailure.Exit.usage.rawValue
    }
  }
}
