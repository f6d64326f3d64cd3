#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The name of a Unix domain socket that the server listens on.
enum SocketFile {
  /// Why a server can't listen there.
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  /// Throws if another process listens there, or if what is there is no socket. One that was left behind is no
  /// obstacle: it is replaced.
  static func checkFree(_ path: String) throws(Fault) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw Fault(description: "\(path) is there and is no socket")
    }
    guard !answers(path) else {
      throw Fault(description: "another process listens on \(path)")
    }
  }

  /// Lets the group connect, which a proxy's user is to be put in, and nobody else.
  static func admitGroup(_ path: String) throws(Fault) {
    guard chmod(path, 0o660) == 0 else {
      throw Fault(
        description: "\(path): its mode can't be set: \(String(cString: strerror(errno)))")
    }
  }

  private static func answers(_ path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < capacity else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    #if canImport(Glibc)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length) == 0
      }
    }
  }
}
