/// Reads the next batch while the one before is written: the source's disk and processor work beside the store's.
enum Overlap {
  /// - Parameters:
  ///   - next: reads a batch; `nil` when there is no more.
  ///   - write: writes a batch. One is written at a time, in order.
  ///   - settle: told what became of a batch.
  static func run<Batch: Sendable, Outcome: Sendable>(
    _ next: () throws -> Batch?,
    write: @escaping @Sendable (Batch) async throws -> Outcome,
    settle: (Batch, Outcome) async throws -> Void
  ) async throws {
    // A group, so that nothing is still being written when this returns or throws.
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      var written: Batch?
      while true {
        let batch = try next()
        if let written, let outcome = try await group.next() { try await settle(written, outcome) }
        guard let batch else { return }
        group.addTask { try await write(batch) }
        written = batch
      }
    }
  }
}
