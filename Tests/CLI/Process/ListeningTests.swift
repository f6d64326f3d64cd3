import Foundation
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

@Suite("An address that can't be listened on")
struct ListeningTests {
  @Test("is told before anything is made", arguments: ["999.1.1.1", "no.such.host.invalid"])
  func unknownHost(host: String) throws {
    let program = try CardeaProgram()
    let result = try program.run("serve", "--init", "--port", "0", "--host", host, "--json")
    #expect(result.status == 2)
    #expect(result.out == "")
    #expect(result.problem?["field"] as? String == "server.host", "\(result.err)")
    #expect((result.problem?["detail"] as? String)?.contains("--host") == true)
    #expect(try program.names() == [])
  }

  @Test("an address of another machine")
  func foreignAddress() throws {
    let program = try CardeaProgram()
    let result = try program.run("serve", "--init", "--port", "0", "--host", "192.0.2.1", "--json")
    #expect(result.status == 2)
    #expect(result.problem?["field"] as? String == "server.host", "\(result.err)")
    #expect((result.problem?["detail"] as? String)?.contains("not of this machine") == true)
    #expect(try program.names() == [])
  }

  @Test("a port that is in use")
  func usedPort() throws {
    let (descriptor, port) = try listeningSocket()
    defer { close(descriptor) }
    let program = try CardeaProgram()
    for store in ["sqlite:cardea.sqlite3", "memory:"] {
      let result = try program.run(
        "serve", "--init", "--port", "\(port)", "--store", store, "--json")
      #expect(result.status == 2)
      #expect(result.out == "")
      #expect(result.problem?["field"] as? String == "server.port", "\(result.err)")
      let detail = result.problem?["detail"] as? String
      #expect(detail?.contains("another program listens on") == true, "\(result.err)")
      #expect(detail?.contains("--port") == true)
      #expect(try program.names() == [])
    }
  }

  /// A socket that listens on a free port of loopback.
  private func listeningSocket() throws -> (descriptor: Int32, port: Int) {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    try #require(descriptor >= 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    try #require(isBound)
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }
}
