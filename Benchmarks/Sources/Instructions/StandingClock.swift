import Cardea

/// Time stands still: what is done once a second is not counted now and then.
struct StandingClock: KernelClock {
  func now() -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000) }
  func monotonic() -> UInt64 { 1_000_000_000 }
}
