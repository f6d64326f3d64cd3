import CardeaContracts
import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A small HTTP service on a free port of loopback that keeps every request as it was sent: the service
/// behind a proxy, or something that a proxy asks in Cardea's place.
///
/// One request per connection, and a thread per connection.
final class StubService: Sendable {
  enum Reply: Sendable {
    /// These bytes, then the end of the connection.
    case bytes([UInt8])
    /// Nothing, for as long as the service lives.
    case silence

    static func status(_ status: Int, _ fields: [(String, String)] = [], body: String = "") -> Reply
    {
      var head =
        "HTTP/1.1 \(status) Stub\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
      for (name, value) in fields { head += "\(name): \(value)\r\n" }
      return .bytes(Array((head + "\r\n" + body).utf8))
    }
  }

  let port: Int
  private let listener: Int32
  private let state = Locked(State())
  private let reply: @Sendable (RecordedRequest) -> Reply

  private struct State {
    var requests: [RecordedRequest] = []
    var held: [Int32] = []
    var isOver = false
  }

  init(
    _ reply: @escaping @Sendable (RecordedRequest) -> Reply = { _ in .status(200, body: "served") }
  ) throws {
    self.reply = reply
    (listener, port) = try Loopback.listener()
    Thread.detachNewThread { [listener, weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        guard let self else {
          close(connection)
          break
        }
        Thread.detachNewThread { self.serve(connection) }
      }
      close(listener)
    }
  }

  /// Ends the service, so that its port is free again: nobody answers there any more.
  func stop() {
    let held = state.withLock { state in
      state.isOver = true
      defer { state.held = [] }
      return state.held
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for connection in held { close(connection) }
  }

  deinit { stop() }

  /// What came since the last call.
  func take() -> [RecordedRequest] {
    state.withLock { state in
      defer { state.requests = [] }
      return state.requests
    }
  }

  private func serve(_ connection: Int32) {
    guard let request = RecordedRequest(from: connection) else {
      close(connection)
      return
    }
    state.withLock { $0.requests.append(request) }
    switch reply(request) {
    case .bytes(let bytes):
      Loopback.write(bytes, to: connection)
      close(connection)
    case .silence:
      let isOver = state.withLock { state in
        if !state.isOver { state.held.append(connection) }
        return state.isOver
      }
      if isOver { close(connection) }
    }
  }
}
