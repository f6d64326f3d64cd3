import CardeaKernel
import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A proxy of TCP on loopback that stands between a client and a server and misbehaves when told to.
///
/// It says what a network does, not what is in the bytes: nothing that it forwards is ever changed, lost in the
/// middle or out of order.
///
/// Threading: any thread. One thread accepts, and each connection has one of its own.
public final class FaultProxy: Sendable {
  /// What becomes of connections, those that are open and those to come.
  public enum Mode: Sendable, Equatable {
    /// Forwarded at once.
    case pass
    /// A black hole: connections are accepted and kept open, and nothing is forwarded, an end included. What has
    /// been sent by then comes through once the mode is another, as TCP would send it again.
    case drop
    /// As ``drop``, for what the server sends only: requests are done, and nobody is told.
    case dropAnswers
    /// Everything arrives later by at least this much, in each direction.
    case delay(Duration)
    /// The client is told that the server has no more to say, and gets nothing; what it sends is forwarded.
    case halfClose
    /// The same the other way round: the server is told that the client has no more to say, and gets nothing; what it
    /// sends is forwarded.
    case halfCloseRequests
    /// Every connection is reset, new ones as soon as they are accepted.
    case reset
  }

  /// What has gone through it since it was made.
  public struct Counts: Sendable, Equatable {
    /// Connections that were accepted.
    public var connections = 0
    /// Those that are open now.
    public var open = 0
    /// Bytes that were handed to the server, and to clients.
    public var bytesToServer = 0
    public var bytesToClients = 0
  }

  /// On 127.0.0.1.
  public let port: Int
  private let state: Shared

  /// - Parameter server: the port on 127.0.0.1 of what it stands before, which may start later.
  public init(before server: Int) throws {
    let listener = try FaultProxy.listen()
    port = try FaultProxy.port(of: listener)
    let state = Shared(server: server)
    self.state = state
    Thread.detachNewThread { state.accept(on: listener) }
  }

  /// Connections are closed, and nobody is accepted any more.
  deinit { state.end() }

  /// How it behaves. When the setter returns, every open connection does.
  public var mode: Mode {
    get { state.mode }
    set { state.set(newValue) }
  }

  public var counts: Counts { state.counts }

  private static func listen() throws -> Int32 {
    #if canImport(Darwin) || canImport(Musl)
      let listener = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    let done = withLoopback(port: 0) { bind(listener, $0, $1) }
    guard listener >= 0, done == 0, Self.posixListen(listener, 128) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    return listener
  }

  private static func posixListen(_ socket: Int32, _ backlog: Int32) -> Int32 {
    #if canImport(Darwin)
      Darwin.listen(socket, backlog)
    #elseif canImport(Musl)
      Musl.listen(socket, backlog)
    #else
      Glibc.listen(socket, backlog)
    #endif
  }

  private static func port(of listener: Int32) throws -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    guard done == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  static func withLoopback<Result>(
    port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// What the proxy and its threads share.
  fileprivate final class Shared: @unchecked Sendable {
    // @unchecked: everything that changes is read and written under the condition's lock.
    private let condition = NSCondition()
    private let server: Int
    private var current = Mode.pass
    private var hasEnded = false
    /// Raised with every mode; a connection notes the one it goes by.
    private var generation = 0
    private var connections: [Int: (wake: Int32, generation: Int)] = [:]
    private var counted = Counts()

    init(server: Int) { self.server = server }

    private func locked<Value>(_ body: () -> Value) -> Value {
      condition.lock()
      defer { condition.unlock() }
      return body()
    }

    var mode: Mode { locked { current } }
    var counts: Counts { locked { counted } }

    func set(_ mode: Mode) {
      condition.lock()
      defer { condition.unlock() }
      current = mode
      generation += 1
      wakeAll()
      while connections.values.contains(where: { $0.generation < generation }) { condition.wait() }
    }

    func end() {
      locked {
        hasEnded = true
        wakeAll()
      }
    }

    private func wakeAll() {
      for connection in connections.values { _ = write(connection.wake, "!", 1) }
    }

    func count(toServer: Int = 0, toClient: Int = 0) {
      locked {
        counted.bytesToServer += toServer
        counted.bytesToClients += toClient
      }
    }

    /// The mode that a connection goes by from now on; `nil` at the end.
    func mode(for connection: Int) -> Mode? {
      locked {
        connections[connection]?.generation = generation
        condition.broadcast()
        return hasEnded ? nil : current
      }
    }

    func accept(on listener: Int32) {
      defer { close(listener) }
      while !locked({ hasEnded }) {
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 100) > 0 else { continue }
        let client = acceptedSocket(listener)
        var wake: [Int32] = [0, 0]
        guard client >= 0, pipe(&wake) == 0 else { continue }
        let ends = wake
        let number = locked { () -> Int in
          counted.connections += 1
          counted.open += 1
          connections[counted.connections] = (ends[1], 0)
          return counted.connections
        }
        Thread.detachNewThread { [self] in
          var connection = ProxiedConnection(
            self, number, client: client, wake: ends[0], server: server)
          connection.run()
          locked {
            connections[number] = nil
            counted.open -= 1
            condition.broadcast()
          }
          for end in ends { close(end) }
        }
      }
    }

    private func acceptedSocket(_ listener: Int32) -> Int32 {
      #if canImport(Darwin)
        Darwin.accept(listener, nil, nil)
      #elseif canImport(Musl)
        Musl.accept(listener, nil, nil)
      #else
        Glibc.accept(listener, nil, nil)
      #endif
    }
  }
}

/// One connection through a ``FaultProxy``, on a thread of its own, to which alone its sockets belong.
private struct ProxiedConnection {
  private let proxy: FaultProxy.Shared
  private let number: Int
  private let wake: Int32
  private let port: Int
  private let client: Int32
  private var server: Int32 = -1
  /// From the client to the server, and back.
  private var requests = Lane()
  private var answers = Lane()

  /// One direction.
  private struct Lane {
    /// What was read and not handed on yet, and when it may be.
    var queue: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
    /// Whether the sender has ended.
    var hasEnded = false
    /// Whether the receiver has been told, or everything.
    var isClosed = false
    var isFull: Bool { queue.count >= 64 }
  }

  init(_ proxy: FaultProxy.Shared, _ number: Int, client: Int32, wake: Int32, server: Int) {
    self.proxy = proxy
    self.number = number
    self.client = client
    self.wake = wake
    port = server
  }

  mutating func run() {
    var endsHard = false
    while !(requests.isClosed && answers.isClosed) {
      guard let mode = proxy.mode(for: number) else { break }
      if mode == .reset {
        endsHard = true
        break
      }
      if server < 0, mode != .drop, !connect() {
        endsHard = true
        break
      }
      switch mode {
      case .halfClose: ProxiedConnection.closeEarly(&answers, to: client)
      case .halfCloseRequests: ProxiedConnection.closeEarly(&requests, to: server)
      default: break
      }
      let isPassing = (requests: mode != .drop, answers: mode != .drop && mode != .dropAnswers)
      if isPassing.requests, !handOn(&requests, to: server, toServer: true) { break }
      if isPassing.answers, !handOn(&answers, to: client, toServer: false) { break }
      wait(mode, isPassing)
    }
    for socket in [client, server] where socket >= 0 {
      if endsHard {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
          socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
      }
      close(socket)
    }
  }

  /// Tells the receiver that nothing more comes, whatever the sender does.
  private static func closeEarly(_ lane: inout Lane, to receiver: Int32) {
    if lane.isClosed { return }
    shutdown(receiver, Int32(SHUT_WR))
    lane.isClosed = true
  }

  private mutating func connect() -> Bool {
    #if canImport(Darwin) || canImport(Musl)
      server = socket(AF_INET, SOCK_STREAM, 0)
    #else
      server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    let target = server
    return FaultProxy.withLoopback(port: port) {
      #if canImport(Darwin)
        Darwin.connect(target, $0, $1)
      #elseif canImport(Musl)
        Musl.connect(target, $0, $1)
      #else
        Glibc.connect(target, $0, $1)
      #endif
    } == 0
  }

  /// Hands on what is due, and the end once everything is.
  /// - Returns: whether the receiver took it.
  private func handOn(_ lane: inout Lane, to socket: Int32, toServer: Bool) -> Bool {
    if lane.isClosed {
      lane.queue = []
      return true
    }
    let now = ContinuousClock.now
    while let first = lane.queue.first, first.due <= now {
      var sent = 0
      while sent < first.bytes.count {
        let count = first.bytes[sent...].withUnsafeBytes {
          send(socket, $0.baseAddress, $0.count, ProxiedConnection.sendFlags)
        }
        if count <= 0 { return false }
        sent += count
      }
      proxy.count(toServer: toServer ? sent : 0, toClient: toServer ? 0 : sent)
      lane.queue.removeFirst()
    }
    if lane.hasEnded, lane.queue.isEmpty {
      shutdown(socket, Int32(SHUT_WR))
      lane.isClosed = true
    }
    return true
  }

  #if canImport(Darwin)
    private static let sendFlags: Int32 = 0
  #else
    private static let sendFlags = Int32(MSG_NOSIGNAL)
  #endif

  /// Waits until there is something to read, to hand on, or another mode; reads it.
  private mutating func wait(
    _ mode: FaultProxy.Mode, _ isPassing: (requests: Bool, answers: Bool)
  ) {
    var delay = Duration.zero
    if case .delay(let duration) = mode { delay = duration }
    // A socket that is not asked about is -1, which `poll` passes over.
    var sockets = [
      pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
      pollfd(
        fd: requests.hasEnded || requests.isFull ? -1 : client, events: Int16(POLLIN), revents: 0),
      pollfd(
        fd: answers.hasEnded || answers.isFull ? -1 : server, events: Int16(POLLIN), revents: 0),
    ]
    let due = [
      isPassing.requests ? requests.queue.first?.due : nil,
      isPassing.answers ? answers.queue.first?.due : nil,
    ].compactMap(\.self).min()
    let timeout = due.map { due -> Int32 in
      let left = (due - ContinuousClock.now).components
      return max(0, Int32(left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000) + 1)
    }
    guard poll(&sockets, 3, timeout ?? -1) > 0 else { return }
    if sockets[0].revents != 0 {
      var byte: UInt8 = 0
      _ = read(wake, &byte, 1)
    }
    let dueAt = ContinuousClock.now + delay
    if sockets[1].revents != 0 { ProxiedConnection.take(&requests, from: client, due: dueAt) }
    if sockets[2].revents != 0 { ProxiedConnection.take(&answers, from: server, due: dueAt) }
  }

  private static func take(_ lane: inout Lane, from socket: Int32, due: ContinuousClock.Instant) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socket, &bytes, bytes.count, 0)
    if count > 0 {
      lane.queue.append((due, Array(bytes[..<count])))
    } else {
      lane.hasEnded = true
    }
  }
}
