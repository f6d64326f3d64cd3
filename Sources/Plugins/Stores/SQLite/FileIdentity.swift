import CardeaKernel

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Which file a path meant when the store was opened.
///
/// A database that is moved, deleted or restored under a running process leaves that process writing into a
/// file that nobody else sees, and blind to what others write: it would allow for ever a key that is revoked
/// in the file that took the place. So whoever writes, polls or reads asks first, with one `stat`, whether
/// the path still means the file, and refuses if not.
struct FileIdentity: Sendable {
  private let path: String
  private let device: UInt64
  private let inode: UInt64

  init(path: String) throws(StoreError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .unavailable("\(path): \(String(cString: strerror(errno)))")
    }
    self.path = path
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }

  /// Throws `.unavailable` if the path means another file by now, or none.
  func verify() throws(StoreError) {
    let now = try? FileIdentity(path: path)
    guard let now, now.device == device, now.inode == inode else {
      throw .unavailable(
        "\(path) was moved, deleted or replaced while it was open; restart to open what is there")
    }
  }
}
