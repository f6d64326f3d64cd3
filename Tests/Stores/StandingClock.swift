import CardeaContracts

/// Time that only tests move: the kernel's two clocks, together.
final class StandingClock: KernelClock {
  private let moved = Locked<Int64>(0)

  func now() -> Timestamp {
    Timestamp(milliseconds: Records.start.milliseconds + moved.withLock { $0 } * 1_000)
  }
  func monotonic() -> UInt64 { UInt64(moved.withLock { $0 } + 1) * 1_000_000_000 }
  func advance(seconds: Int64) { moved.withLock { $0 += seconds } }
}
