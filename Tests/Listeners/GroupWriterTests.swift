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

  /// Of a group that is being written, one has waited for too long and another has not: the first is refused, and what
  /// stands there in the end is the other's line and the count of the first.
  @Test(.timeLimit(.minutes(1))) func whoIsRefusedWhileAGroupIsWrittenIsTakenOutOfIt() async {
    let now = Locked<UInt64>(0)
    let (queued, refused) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let hasBegun = Locked(false)
    let stands = Locked<[[[UInt8]]]>([])
    let told = Locked<[UInt8: AuditWriteError?]>([:])
    let writer = GroupWriter(deadline: .milliseconds(8)) {
      now.withLock { $0 }
    } refusals: { count in
      [UInt8(count), 0]
    } body: { lines, settle in
      if lines == [[1]] {
        hasBegun.withLock { $0 = true }
        queued.wait()
      }
      if lines == [[2], [3]] {
        now.withLock { $0 = 10_000_000 }
        refused.wait()
      }
      var written = lines
      while let instead = settle() { written = instead }
      stands.withLock { $0.append(written) }
    }
    for (line, milliseconds) in [(1, 0), (2, 1), (3, 6)] as [(UInt8, UInt64)] {
      now.withLock { $0 = milliseconds * 1_000_000 }
      writer.write([line]) { failure in
        told.withLock { $0[line] = .some(failure) }
        if line == 2 { refused.signal() }
      }
      while !hasBegun.withLock({ $0 }) { await Task.yield() }
    }
    queued.signal()
    await writer.close()
    #expect(stands.withLock { $0 } == [[[1]], [[3], [1, 0]]])
    #expect(told.withLock { $0 } == [1: nil, 2: .timedOut, 3: nil])
  }
}
