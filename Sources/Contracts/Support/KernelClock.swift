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
