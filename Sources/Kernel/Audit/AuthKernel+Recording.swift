extension AuthKernel {
  /// The ids of audit sinks that can't record now; none unless authentications are recorded. Like ``readiness()`` each
  /// question may try to write, but does not ask the store.
  package var silentSinks: [String] { isRecording.withLock { $0 } ? failingSinks() : [] }
}
