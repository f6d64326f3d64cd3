import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What a node is called that was given no `node.name`.
enum NodeName {
  /// The host's name and the port, such as `web-1:8420`; the process's id where the system chooses the port, and the socket's file
  /// name where there is none.
  static func standard(_ settings: Settings) -> String {
    let (socket, port) = (settings[SettingsTable.socket], settings[SettingsTable.port])
    var place = port == 0 ? "pid-\(getpid())" : "\(port)"
    if !socket.isEmpty { place = socket.split(separator: "/").last.map(String.init) ?? socket }
    return name(host: host(), place: place)
  }

  static func name(host: String, place: String) -> String {
    func visible(_ text: String, _ most: Int) -> String {
      String(decoding: text.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(most), as: UTF8.self)
    }
    let host = visible(host, 40)
    return "\(host.isEmpty ? "node" : host):\(visible(place, 23))"
  }

  private static func host() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, 255)
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
