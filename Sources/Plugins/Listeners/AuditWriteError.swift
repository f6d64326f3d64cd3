/// Why an authentication is not in a sink's file.
public enum AuditWriteError: Error, Sendable, Equatable {
  /// The sink was not opened, or was closed.
  case closed
  /// Too many wait for a write.
  case full
  /// The disk did not answer in time.
  case timedOut
  /// `write(2)` or `fdatasync(2)` failed, or wrote a part only: the disk is full, or broken.
  case notWritten(errno: Int32)
}
