import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The open file of a ``JSONLinesAuditSink``.
struct JSONLinesFile {
  let descriptor: Int32
  /// Whether the last line has no line break.
  var isTorn: Bool

  /// Finds out whether a file could be opened at this path, as far as that shows without making one.
  /// - Throws: if the folder does not exist, or what is there is no file to append to.
  static func check(_ path: String) throws(ConfigurationFault) {
    var status = stat()
    if stat(path, &status) == 0 {
      close(try opened(path, creating: false).descriptor)
    } else {
      try checkFolder(of: path, missing: errno == ENOENT)
    }
  }

  /// Opens the file, checks it and looks at its end.
  static func opened(
    _ path: String, creating: Bool
  ) throws(ConfigurationFault) -> JSONLinesFile {
    // Reading is for its last byte; O_NONBLOCK: opening a named pipe must not wait for a reader.
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | (creating ? O_CREAT : 0)
    let descriptor = open(path, flags, 0o600 as mode_t)
    guard descriptor >= 0 else { throw unopened(path) }
    do throws(ConfigurationFault) {
      return JSONLinesFile(descriptor: descriptor, isTorn: try endsTorn(descriptor, path: path))
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
