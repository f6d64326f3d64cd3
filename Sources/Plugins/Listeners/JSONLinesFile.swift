import CardeaContracts
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The open file of a ``JSONLinesAuditSink``.
///
/// Threading: ``append(_:_:settle:)`` and ``sync()`` by one thread at a time.
final class JSONLinesFile: Sendable {
  private let descriptor: Int32
  /// Whether the last line has no line break.
  private let isTorn: Atomic<Bool>

  /// Finds out whether a file could be opened at this path, as far as that shows without making one.
  /// - Throws: if the folder does not exist, or what is there is no file to append to.
  static func check(_ path: String) throws(ConfigurationFault) {
    var status = stat()
    if stat(path, &status) == 0 {
      _ = try JSONLinesFile(path, creating: false)
    } else {
      try checkFolder(of: path, missing: errno == ENOENT)
    }
  }

  /// Opens the file, checks it and looks at its end.
  init(_ path: String, creating: Bool) throws(ConfigurationFault) {
    // Reading is for its last byte; O_NONBLOCK: opening a named pipe must not wait for a reader.
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | (creating ? O_CREAT : 0)
    let descriptor = open(path, flags, 0o600 as mode_t)
    guard descriptor >= 0 else { throw JSONLinesFile.unopened(path) }
    do throws(ConfigurationFault) {
      isTorn = Atomic(try JSONLinesFile.endsTorn(descriptor, path: path))
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  // MARK: Writing

  /// Writes lines, all of them or none, and as long as `settle` wants others there, those in their place. Of a write
  /// that failed, what can't be taken back stays: where another program has written behind it, or the disk is broken.
  func append(
    _ lines: [[UInt8]], _ write: SpoolAuditSink.Write, settle: () -> [[UInt8]]?
  ) throws(AuditWriteError) {
    var lines = lines
    while true {
      let begin = size
      let count = try put(lines, at: begin, write)
      guard let instead = settle() else { return isTorn.store(false, ordering: .relaxed) }
      guard takeBack(count, from: begin) else {
        isTorn.store(false, ordering: .relaxed)
        throw .notWritten(errno: EIO)
      }
      lines = instead
    }
  }

  /// Writes lines; how many bytes they were.
  private func put(
    _ lines: [[UInt8]], at begin: off_t, _ write: SpoolAuditSink.Write
  ) throws(AuditWriteError) -> Int {
    let bytes = (isTorn.load(ordering: .relaxed) ? [lineFeed] : []) + lines.joined()
    var written = write(descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(descriptor, bytes) }
    if written == bytes.count { return written }
    let code = written < 0 ? errno : ENOSPC
    if written > 0, !takeBack(written, from: begin) {
      isTorn.store(bytes[written - 1] != lineFeed, ordering: .relaxed)
    }
    throw .notWritten(errno: code)
  }

  private var size: off_t {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status.st_size : -1
  }

  /// Cuts off what was just written, unless something else stands behind it or before.
  private func takeBack(_ count: Int, from begin: off_t) -> Bool {
    begin >= 0 && size == begin + off_t(count) && ftruncate(descriptor, begin) == 0
  }

  /// Has what was written on disk.
  func sync() { fsync(descriptor) }

  // MARK: Opening

  /// A file that is not there yet needs a folder in which it can be made.
  private static func checkFolder(
    of path: String, missing: Bool
  ) throws(ConfigurationFault) {
    guard missing, path.utf8.last != UInt8(ascii: "/"), !path.isEmpty else { throw unopened(path) }
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard access(folder, W_OK | X_OK) == 0 else { throw unopened(path) }
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
    return last != lineFeed
  }

  /// With the reason that `errno` gives.
  private static func unopened(_ path: String) -> ConfigurationFault {
    fault(
      path, "the file can't be opened: \(String(cString: strerror(errno)))",
      "Name a file in a folder that this process may write to.")
  }

  private static func fault(
    _ path: String, _ problem: String, _ remedy: String
  ) -> ConfigurationFault {
    let plugin = JSONLinesAuditSink.id
    return ConfigurationFault(
      plugin: plugin, setting: "plugins.\(plugin).path", value: path, problem: problem,
      remedy: remedy)
  }
}

private let lineFeed = UInt8(ascii: "\n")
