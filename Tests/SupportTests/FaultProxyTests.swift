import CardeaTestSupport
import Foundation
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

@Suite("The proxy that misbehaves", .timeLimit(.minutes(2)))
struct FaultProxyTests {
  private let echo: Echo
  private let proxy: FaultProxy

  init() throws {
    echo = try Echo()
    proxy = try FaultProxy(before: echo.port)
  }

  @Test("passes bytes on in both directions, and counts them")
  func pass() throws {
    let client = try Client(port: proxy.port)
    let long = String(repeating: "0123456789", count: 20_000)
    try client.send(long)
    #expect(client.receive(long.utf8.count) == long)
    client.finish()
    #expect(client.isAtEnd)
    #expect(proxy.counts.connections == 1)
    #expect(proxy.counts.bytesToServer == long.utf8.count)
    #expect(proxy.counts.bytesToClients == long.utf8.count)
  }

  @Test("a black hole accepts, keeps everything to itself, and hands it on later")
  func drop() throws {
    let before = try Client(port: proxy.port)
    try before.send("one")
    #expect(before.receive(3) == "one")
    proxy.mode = .drop
    let during = try Client(port: proxy.port)
    try before.send("two")
    try during.send("three")
    #expect(before.hears(nothingFor: .milliseconds(100)))
    #expect(during.hears(nothingFor: .milliseconds(100)))
    #expect(proxy.counts.bytesToServer == 3)
    #expect(echo.connections == 1)
    proxy.mode = .pass
    #expect(before.receive(3) == "two")
    #expect(during.receive(5) == "three")
  }

  @Test("answers can be lost alone: the server has been told")
  func dropAnswers() throws {
    let client = try Client(port: proxy.port)
    proxy.mode = .dropAnswers
    try client.send("done?")
    while proxy.counts.bytesToServer < 5 { usleep(1000) }
    #expect(client.hears(nothingFor: .milliseconds(100)))
    #expect(proxy.counts.bytesToClients == 0)
    proxy.mode = .pass
    #expect(client.receive(5) == "done?")
  }

  @Test("a delay comes twice in a round trip, and not for each piece")
  func delay() throws {
    let client = try Client(port: proxy.port)
    proxy.mode = .delay(.milliseconds(60))
    let began = ContinuousClock.now
    try client.send("slow")
    #expect(client.receive(4) == "slow")
    #expect(ContinuousClock.now - began >= .milliseconds(120))
    proxy.mode = .pass
  }

  @Test("half closed: the client is at the end, the server is still told")
  func halfClose() throws {
    let client = try Client(port: proxy.port)
    try client.send("one")
    #expect(client.receive(3) == "one")
    proxy.mode = .halfClose
    #expect(client.isAtEnd)
    try client.send("two")
    while proxy.counts.bytesToServer < 6 { usleep(1000) }
    #expect(proxy.counts.bytesToClients == 3)
    #expect(proxy.counts.open == 1)
  }

  @Test("half closed the other way: the server is at the end, and what it has said comes through")
  func halfCloseRequests() throws {
    let client = try Client(port: proxy.port)
    proxy.mode = .dropAnswers
    try client.send("one")
    while proxy.counts.bytesToServer < 3 { usleep(1000) }
    proxy.mode = .halfCloseRequests
    #expect(client.receive(3) == "one")
    // It has hung up, since nothing more can come.
    #expect(client.isAtEnd)
    #expect(proxy.counts.bytesToServer == 3)
    // One that comes now is at the end before it has said anything.
    let late = try Client(port: proxy.port)
    #expect(late.isAtEnd)
    #expect(proxy.counts.bytesToServer == 3)
  }

  @Test("a reset ends connections at once, and those that come")
  func reset() throws {
    let before = try Client(port: proxy.port)
    try before.send("one")
    #expect(before.receive(3) == "one")
    proxy.mode = .reset
    #expect(before.wasReset)
    #expect(try Client(port: proxy.port).wasReset)
    proxy.mode = .pass
    let after = try Client(port: proxy.port)
    try after.send("two")
    #expect(after.receive(3) == "two")
  }

  @Test("a server that is not there resets its clients")
  func nobody() throws {
    let unused = try Echo()
    let port = unused.port
    unused.end()
    let proxy = try FaultProxy(before: port)
    #expect(try Client(port: proxy.port).wasReset)
  }
}

/// A server that sends back what it gets.
private final class Echo: @unchecked Sendable {
  // @unchecked: the count is under a lock.
  let port: Int
  private let listener: Int32
  private let lock = NSLock()
  private var accepted = 0

  init() throws {
    let socket = try Client.made()
    listener = socket
    var address = Client.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    port = try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try #require(bind(socket, $0, size) == 0 && listen(socket, 16) == 0)
        try #require(getsockname(socket, $0, &size) == 0)
      }
      return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
    Thread.detachNewThread { [weak self] in
      while case let client = accept(socket, nil, nil), client >= 0 {
        self?.count()
        Thread.detachNewThread {
          var bytes = [UInt8](repeating: 0, count: 1 << 16)
          while case let count = recv(client, &bytes, bytes.count, 0), count > 0 {
            send(client, bytes, count, Client.flags)
          }
          close(client)
        }
      }
      close(socket)
    }
  }

  deinit { end() }

  func end() { shutdown(listener, Int32(SHUT_RDWR)) }

  var connections: Int { lock.withLock { accepted } }

  private func count() { lock.withLock { accepted += 1 } }
}

/// A client that sees how a connection ends.
private final class Client {
  private let socket: Int32

  init(port: Int) throws {
    let socket = try Client.made()
    self.socket = socket
    var address = Client.loopback(port)
    let done = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(done == 0)
  }

  deinit { close(socket) }

  static func made() throws -> Int32 {
    #if canImport(Glibc)
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #elseif canImport(Musl)
      let socket = Musl.socket(AF_INET, SOCK_STREAM, 0)
    #else
      let socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
    #endif
    try #require(socket >= 0)
    return socket
  }

  static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  #if canImport(Darwin)
    static let flags: Int32 = 0
  #else
    static let flags = Int32(MSG_NOSIGNAL)
  #endif

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { [socket] in
        #if canImport(Glibc)
          Glibc.send(socket, $0.baseAddress, $0.count, Client.flags)
        #elseif canImport(Musl)
          Musl.send(socket, $0.baseAddress, $0.count, Client.flags)
        #else
          Darwin.send(socket, $0.baseAddress, $0.count, Client.flags)
        #endif
      }
      try #require(count > 0)
      sent += count
    }
  }

  /// So many bytes, or fewer if the connection ends before.
  func receive(_ wanted: Int) -> String {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < wanted, case let count = recv(socket, &piece, piece.count, 0), count > 0 {
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  func finish() { shutdown(socket, Int32(SHUT_WR)) }

  /// Whether the other end has said all that it had to say.
  var isAtEnd: Bool {
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, 0) == 0
  }

  var wasReset: Bool {
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, 0) < 0 && errno == ECONNRESET
  }

  func hears(nothingFor duration: Duration) -> Bool {
    var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, Int32(duration.components.attoseconds / 1_000_000_000_000_000)) == 0
  }
}
