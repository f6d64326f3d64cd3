import CardeaLifecycle

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Whether an address can be listened on: tried and given back before anything is made, so that a
/// first key is not made for a server that never runs. Another program may still take the port in
/// between; the server says so then.
enum ListeningCheck {
  /// - Throws: ``CommandFailure`` that names the cause and `server.host` or `server.port`.
  static func run(host: String, port: Int) throws(CommandFailure) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_flags = AI_PASSIVE
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard code == 0, let first = found?.pointee else {
      throw .usage(
        "there is no address \(SafeText.line(host, limit: 80)): \(String(cString: gai_strerror(code)))",
        remedy: "Give an address of this machine: --host 127.0.0.1 for itself alone, 0.0.0.0 for "
          + "every network.", field: SettingsTable.host.name)
    }
    let error = bindError(first)
    if error != 0 { throw failure(error, host: host, port: port) }
  }

  /// `errno` of a socket that is bound as the server's will be, and closed; 0 if that went well.
  private static func bindError(_ address: addrinfo) -> Int32 {
    let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // As the server does: a connection of a process before that lingers is no obstacle.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
  }

  private static func failure(_ error: Int32, host: String, port: Int) -> CommandFailure {
    let host = SafeText.line(host, limit: 80)
    switch error {
    case EADDRINUSE:
      return .usage(
        "another program listens on \(host):\(port)",
        remedy: "End it, or take another port: --port. 0 takes any free one.",
        field: SettingsTable.port.name)
    case EADDRNOTAVAIL:
      return .usage(
        "\(host) is not of this machine, so it can't be listened on",
        remedy: "Give an address of this machine with --host.", field: SettingsTable.host.name)
    case EACCES, EPERM:
      return .usage(
        "this process is not permitted to listen on \(host):\(port)",
        remedy: "Ports below 1024 need a privilege: take one above with --port.",
        field: SettingsTable.port.name)
    default:
      return .usage(
        "\(host):\(port) can't be listened on: \(String(cString: strerror(error)))",
        remedy: "Give another address or port: --host, --port.", field: SettingsTable.host.name)
    }
  }
}
