import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// To whom a file belongs.
struct FileOwner {
  private let user: uid_t
  private let group: gid_t

  init(_ status: stat) { (user, group) = (status.st_uid, status.st_gid) }

  /// Makes a file this owner's: the one that is opened here, not whatever has its name a moment later. Whoever may write
  /// to the folder could put a link to another's file into its place.
  func take(_ path: String) throws(StoreError) {
    var status = stat()
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_nlink == 1,
      fchown(descriptor, user, group) == 0
    else {
      throw .unavailable(
        "\(path) can't be given to the store's owner: \(String(cString: strerror(errno)))")
    }
  }
}
