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
