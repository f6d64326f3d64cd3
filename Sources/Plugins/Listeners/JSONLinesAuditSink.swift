import CardeaKernel
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
  private let file: Locked<File>
  private let write: Write
  /// Whether the last write failed.
  private let isFailing = Atomic<Bool>(false)

  /// Writes to a descriptor: the number of bytes written, or -1 with `errno` set.
  package typealias Write = @Sendable (_ descriptor: Int32, _ bytes: [UInt8]) -> Int

  private struct File {
    /// `nil` until it is opened.
    var descriptor: Int32?
    /// Whether the last line has no line break.
    var isTorn = false
  }

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
    try self.init(path: path, write: JSONLinesAuditSink.systemWrite)
  }

  /// - Parameter write: stands in for `write(2)` in tests of what happens when it fails.
  package init(path: String, write: @escaping Write) throws(ConfigurationFault) {
    self.path = path
    self.write = write
    file = Locked(File())
    var status = stat()
    if stat(path, &status) == 0 {
      close(try JSONLinesAuditSink.open(path, creating: false).descriptor)
    } else {
      try JSONLinesAuditSink.checkFolder(of: path, missing: errno == ENOENT)
    }
  }

  deinit {
    file.withLock { file in
      if let descriptor = file.descriptor { close(descriptor) }
    }
  }

  /// Opens the file and looks at its end.
  private static func open(
    _ path: String, creating: Bool
  ) throws(ConfigurationFault) -> (descriptor: Int32, isTorn: Bool) {
    // Reading is for its last byte; O_NONBLOCK: opening a named pipe must not wait for a reader.
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | (creating ? O_CREAT : 0)
    let descriptor = systemOpen(path, flags)
    guard descriptor >= 0 else { throw unopened(path) }
    do throws(ConfigurationFault) {
      return (descriptor, try endsTorn(descriptor, path: path))
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// A file that is not there yet needs a folder in which it can be made.
  private static func checkFolder(
    of path: String, missing: Bool
  ) throws(ConfigurationFault) {
    guard missing, path.utf8.last != UInt8(ascii: "/"), !path.isEmpty else { throw unopened(path) }
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard access(folder, W_OK | X_OK) == 0 else { throw unopened(path) }
  }

  /// With the reason that `errno` gives.
  private static func unopened(_ path: String) -> ConfigurationFault {
    fault(
      path, "the file can't be opened: \(String(cString: strerror(errno)))",
      "Name a file in a folder that this process may write to.")
  }

  public func open() throws(ConfigurationFault) {
    try file.withLock { file throws(ConfigurationFault) in
      guard file.descriptor == nil else { return }
      let (descriptor, isTorn) = try JSONLinesAuditSink.open(path, creating: true)
      file = File(descriptor: descriptor, isTorn: isTorn)
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
      file.descriptor.map { fsync($0) == 0 ? 0 : errno } ?? 0
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

  private func append(_ lines: [UInt8], to file: inout File) throws(JSONLinesAuditError) {
    guard let descriptor = file.descriptor else { throw .notOpened }
    let bytes = file.isTorn ? [UInt8(ascii: "\n")] + lines : lines
    var written = write(descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(descriptor, bytes) }
    guard written >= 0 else { throw .notWritten(errno: errno) }
    if written > 0 { file.isTorn = bytes[written - 1] != UInt8(ascii: "\n") }
    guard written == bytes.count else {
      throw .shortWrite(written: written, of: bytes.count)
    }
  }

  private static func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Darwin)
      Darwin.open(path, flags, 0o600 as mode_t)
    #elseif canImport(Musl)
      Musl.open(path, flags, 0o600 as mode_t)
    #else
      Glibc.open(path, flags, 0o600 as mode_t)
    #endif
  }

  private static func systemWrite(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    #if canImport(Darwin)
      Darwin.write(descriptor, bytes, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes, bytes.count)
    #else
      Glibc.write(descriptor, bytes, bytes.count)
    #endif
  }

  /// Checks what was opened, and whether its last line was left without a line break.
  private static func endsTorn(
    _ descriptor: Int32, path: String
  ) throws(ConfigurationFault) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw fault(path, "it is not a regular file", "Name a file.")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw fault(
        path, "others than its owner may write to the file", "Take it away: chmod 600 \(path)")
    }
    guard status.st_size > 0 else { return false }
    var last: UInt8 = 0
    guard pread(descriptor, &last, 1, status.st_size - 1) == 1 else {
      throw fault(path, "the file can't be read", "Check the disk that it is on.")
    }
    return last != UInt8(ascii: "\n")
  }

  private static func fault(
    _ path: String, _ problem: String, _ remedy: String
  ) -> ConfigurationFault {
    ConfigurationFault(
      plugin: id, setting: "plugins.\(id).path", value: path, problem: problem, remedy: remedy)
  }
}
