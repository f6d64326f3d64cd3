import ArgumentParser

/// The options that a command has in common with others.
protocol SharedOptions: ParsableArguments {
  /// Whether results and failures are JSON.
  var json: Bool { get }
}
