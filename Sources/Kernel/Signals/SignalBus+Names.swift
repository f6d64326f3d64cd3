extension SignalBus {
  /// The names of the signals that stand in the signal log, sorted.
  package static let changeNames = changes.map { $0.name }.sorted()
}
