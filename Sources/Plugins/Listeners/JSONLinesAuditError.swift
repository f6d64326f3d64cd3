/// Why events are not in the file.
public enum JSONLinesAuditError: Error, Sendable, Equatable {
  /// The sink was not opened.
  case notOpened
  /// `write(2)` failed; nothing was written.
  case notWritten(errno: Int32)
  /// `write(2)` wrote a part only: the disk is full, or a limit on the file's size was reached.
  case shortWrite(written: Int, of: Int)
  /// `fsync(2)` failed.
  case notSynced(errno: Int32)
}
