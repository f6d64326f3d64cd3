import Dispatch

/// An executor with one thread, which starts its work when it is told to: whatever blocks it holds up all
/// that was given to it.
final class OneLane: TaskExecutor {
  private let queue = DispatchQueue(label: "one lane", attributes: .initiallyInactive)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  func start() { queue.activate() }
}

/// The order in which `first` and a task that waits behind it on the same thread come to their end.
func order(_ first: @escaping @Sendable () async throws -> Void) async throws -> [String] {
  let lane = OneLane()
  let (ends, note) = AsyncStream.makeStream(of: String.self)
  let task = Task(executorPreference: lane) {
    try await first()
    note.yield("first")
  }
  let behind = Task(executorPreference: lane) { _ = note.yield("behind") }
  lane.start()
  try await task.value
  await behind.value
  note.finish()
  return await ends.reduce(into: []) { $0.append($1) }
}
