#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the kernel reads time. Tests inject one of their own.
///
/// Threading: called from any thread, on every authentication: keep it to some nanoseconds.
public protocol KernelClock: Sendable {
  /// Wall-clock time: what expiry is compared with.
  func now() -> Timestamp
  /// Nanoseconds on a monotonic clock that goes on while the machine is suspended: what leases and
  /// deadlines are measured with.
  func monotonic() -> UInt64
}

/// The system's clocks: `CLOCK_REALTIME_COARSE` (5 ns, to the tick) and `CLOCK_BOOTTIME`.
public struct SystemClock: KernelClock {
  public init() {}

  public func now() -> Timestamp {
    var time = timespec()
    #if canImport(Darwin)
      clock_gettime(CLOCK_REALTIME, &time)
    #else
      clock_gettime(CLOCK_REALTIME_COARSE, &time)
    #endif
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public func monotonic() -> UInt64 {
    var time = timespec()
    #if canImport(Darwin)
      clock_gettime(CLOCK_MONOTONIC_RAW, &time)
    #else
      clock_gettime(CLOCK_BOOTTIME, &time)
    #endif
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
