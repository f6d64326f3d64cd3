#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The name of a Unix domain socket that the server listens on.
package enum SocketFile {
  /// Why a server can't listen there.
  package struct Fault: Error, CustomStringConvertible {
    package let description: String
  }

  /// Throws if nothing can be listened on there: another process does, something else is there, or the name is no
  /// good. A socket that a server left behind is no obstacle: it is replaced.
  package static func checkFree(_ path: String) throws(Fault) {
    guard path.utf8.count < MemoryLayout<sockaddr_un>.size - 2 else {
      throw Fault(description: "\(path) is longer than a socket's name may be")
    }
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
    guard access(folder, W_OK) == 0 else {
      throw Fault(description: "\(folder): \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw Fault(description: "\(path) is there and is no socket")
    }
    guard isAbandoned(path) else {
      throw Fault(description: "another process listens on \(path)")
    }
  }

  /// Whether nobody listens on the socket any more. Whatever else keeps one from connecting says nothing of that.
  private static func isAbandoned(_ path: String) -> Bool {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Somebody whose queue is full listens, too.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
    }
    return result != 0 && (errno == ECONNREFUSED || errno == ENOENT)
  }
}
