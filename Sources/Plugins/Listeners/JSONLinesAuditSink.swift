import CardeaContracts
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Appends each authentication to a file as one line of JSON.
///
/// A batch goes out in one `write(2)` to a file opened with `O_APPEND`, before ``record(_:)``
/// returns: it survives a kill of the process, and a power loss as far as the file system wrote it
/// out (``flush()`` syncs). What cannot be written whole is an error, and the kernel denies those
/// requests. If a write stopped in the middle of a line, in this process or an earlier one, the
/// next begins with a line break, so at most that one line is broken. After one that failed
/// ``canRecord()`` tries an empty line.
///
/// The file is opened when the kernel starts, so that one which can't be is found then, and created with mode
/// 0600. An existing one keeps its mode, but is refused if others may write to
/// it. To rotate it, rename it and restart.
///
/// Threading: any thread; batches are written one after the other.
public final class JSONLinesAuditSink: ConfigurablePlugin, AuditSink {
  public static let id = "audit.jsonlines"

  public static let settings = [
    SettingDeclaration(
      "path", .string,
      "The file that each authentication is appended to as a line of JSON. Unset: no such file.")
  ]

  /// The file that events are appended to.
  public let path: String
  /// `nil` until it is opened.
  private let file = Locked<JSONLinesFile?>(nil)
  private let write: Write
  /// Whether the last write failed.
  private let isFailing = Atomic<Bool>(false)

  /// Writes to a descriptor: the number of bytes written, or -1 with `errno` set.
  package typealias Write = @Sendable (_ descriptor: Int32, _ bytes: [UInt8]) -> Int

  /// `nil` unless `path` is set.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> JSONLinesAuditSink? {
    guard let path = settings.string("path") else { return nil }
    return try JSONLinesAuditSink(path: path)
  }

  /// Checks the path; nothing is created yet.
  /// - Throws: if the folder does not exist, or what is there is no file to append to.
  public convenience init(path: String) throws(ConfigurationFault) {
    try self.init(path: path) { descriptor, bytes in
      bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
    }
  }

  /// - Parameter write: stands in for `write(2)` in tests of what happens when it fails.
  package init(path: String, write: @escaping Write) throws(ConfigurationFault) {
    self.path = path
    self.write = write
    try JSONLinesFile.check(path)
  }

  deinit {
    file.withLock { file in
      if let file { close(file.descriptor) }
    }
  }

  public func open() throws(ConfigurationFault) {
    try file.withLock { file throws(ConfigurationFault) in
      if file == nil { file = try JSONLinesFile.opened(path, creating: true) }
    }
  }

  public func record(_ events: [AccessEvent]) throws {
    guard !events.isEmpty else { return }
    var lines: [UInt8] = []
    for event in events { AuditLine.append(event, to: &lines) }
    try append(lines)
  }

  public func canRecord() -> Bool {
    // Not the lock, as long as all is well: whoever writes may be held up by the disk.
    if isFailing.load(ordering: .relaxed) { try? append([UInt8(ascii: "\n")]) }
    return !isFailing.load(ordering: .relaxed)
  }

  public func flush() throws {
    let code = file.withLock { file in
      file.map { fsync($0.descriptor) == 0 ? 0 : errno } ?? 0
    }
    if code != 0 { throw JSONLinesAuditError.notSynced(errno: code) }
  }

  private func append(_ lines: [UInt8]) throws(JSONLinesAuditError) {
    try file.withLock { file throws(JSONLinesAuditError) in
      do throws(JSONLinesAuditError) {
        try append(lines, to: &file)
        isFailing.store(false, ordering: .relaxed)
      } catch {
        isFailing.store(true, ordering: .relaxed)
        throw error
      }
    }
  }

  private func append(
    _ lines: [UInt8], to file: inout JSONLinesFile?
  ) throws(JSONLinesAuditError) {
    guard let open = file else { throw .notOpened }
    let bytes = open.isTorn ? [UInt8(ascii: "\n")] + lines : lines
    var written = write(open.descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(open.descriptor, bytes) }
    guard written >= 0 else { throw .notWritten(errno: errno) }
    if written > 0 { file?.isTorn = bytes[written - 1] != UInt8(ascii: "\n") }
    guard written == bytes.count else {
      throw .shortWrite(written: written, of: bytes.count)
    }
  }
}
