import CardeaContracts
import Dispatch
import Testing

@testable import CardeaListeners

@Suite struct GroupWriterTests {
  /// A line may arrive after the watch has read the clock and before it looks at who waits.
  @Test func whoComesWhileTheClockIsReadHasNotWaitedForever() async throws {
    let gate = DispatchSemaphore(value: 0)
    let readings = Locked(0)
    // The first reading is the line's, the others are the watch's: as if made just before.
    let writer = GroupWriter(deadline: .milliseconds(8)) {
      let count = readings.withLock { readings in
        readings += 1
        return readings
      }
      if count == 3 { gate.signal() }
      return count == 1 ? 1_000 : 999
    } refusals: { _ in
      []
    } body: { _, settle in
      gate.wait()
      _ = settle()
    }
    let failure = await withCheckedContinuation { continuation in
      writer.write([1]) { continuation.resume(returning: $0) }
    }
    #expect(failure == nil)
    #expect(readings.withLock { $0 } >= 3)
    await writer.close()
  }
}
