#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What the system says of a file.
struct FileHealth {
  /// 256 MiB: room for the write-ahead log at its usual limit, the spool, and some hours to act.
  static let leastFree: UInt64 = 256 << 20

  private let path: String
  private let status: stat?

  init(_ path: String) {
    self.path = path
    var status = stat()
    self.status = stat(path, &status) == 0 ? status : nil
  }

  var exists: Bool { status != nil }

  /// Whether somebody besides its owner may read or write it.
  var isOpenToOthers: Bool { status.map { $0.st_mode & 0o077 != 0 } ?? false }

  /// Whether somebody besides its owner may write it.
  var isWritableByOthers: Bool { status.map { $0.st_mode & 0o022 != 0 } ?? false }

  /// Of a folder: whether anybody may put another file in the place of one that lies there.
  var letsAnybodyReplace: Bool {
    status.map { $0.st_mode & 0o002 != 0 && $0.st_mode & S_ISVTX == 0 } ?? false
  }

  /// What its file system has left for this user.
  var freeBytes: UInt64? {
    var system = statvfs()
    guard statvfs(path, &system) == 0 else { return nil }
    return UInt64(system.f_bavail) * UInt64(system.f_frsize)
  }
}
