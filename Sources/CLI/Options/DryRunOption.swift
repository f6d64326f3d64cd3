import ArgumentParser
import CardeaContracts

/// A command that changes something can be tried first.
struct DryRunOption: ParsableArguments {
  @Flag(help: "Check everything and say what would happen; change nothing.")
  var dryRun = false

  /// The command line, or the same for a dry run.
  var actor: Actor { dryRun ? Actor.commandLine.rehearsing : .commandLine }
}
