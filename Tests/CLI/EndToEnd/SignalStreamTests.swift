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

/// `GET /v1/signals` of the whole program, on SQLite.
@Suite(.timeLimit(.minutes(10))) struct SignalStreamTests {
  private let store = ["--store", "sqlite:keys.sqlite3"]

  /// Makes a store; the admin key's token.
  private func make(_ program: CardeaProgram) throws -> String {
    try #require(try program.run(["init"] + store).lines.last)
  }

  private func start(_ program: CardeaProgram) throws -> (server: RunningServer, port: Int) {
    let server = try RunningServer(program, store)
    return (server, try #require(server.port))
  }

  /// What the command line does beside the server is told too, and a client that comes back to a server that was
  /// started anew goes on where it was.
  @Test func whatOtherProcessesDoIsToldAcrossARestart() async throws {
    let program = try CardeaProgram()
    let admin = try make(program)
    var (server, port) = try start(program)
    var stream = try EventStream(port: port, token: admin)
    #expect(try await stream.nextBlock() == .beat(id: "1"))
    #expect(try program.run(["keys", "create", "first"] + store).status == 0)
    let first = try #require(try await stream.next())
    #expect(first.id == "2" && first.json["actor"] as? String == "cli")
    // SIGTERM ends the stream as a whole, and the server at once.
    #expect(server.stop() == 0)
    #expect(try await stream.next() == nil)
    #expect(try program.run(["keys", "create", "second"] + store).status == 0)
    (server, port) = try start(program)
    stream = try EventStream(port: port, token: admin, after: first.id)
    #expect(try await stream.next()?.id == "3")
    #expect(try program.run(["keys", "create", "third"] + store).status == 0)
    #expect(try await stream.next()?.data.contains("third") == true)
    stream.hangUp()
    #expect(server.stop() == 0)
  }

  /// A thousand clients at once, a hundred of which take nothing: the others get every signal once and in order,
  /// whoever comes as one too many is told so, and verdicts go on.
  @Test func aThousandSubscribers() async throws {
    let program = try CardeaProgram()
    let admin = try make(program)
    let (server, port) = try start(program)
    // One hash; a thousand first uses of a key at once would be a flood, and be answered so.
    #expect(try await server.authenticate(admin) == 200)
    let streams = try (0..<1_000).map { index in
      try EventStream(port: port, token: admin, window: index < 100 ? 4_096 : nil)
    }
    for stream in streams { #expect(try await stream.answer().status == 200) }
    for stream in streams.dropFirst(100) {
      #expect(try await stream.nextBlock() == .beat(id: "1"))
    }
    let client = HTTPClient(port: port)
    let refused = try await client.json("GET", "/v1/signals", token: admin)
    #expect(refused.status == 503 && refused.string("code") == "too_many_streams")
    let scraped = try await client.json("GET", "/metrics", token: admin)
    #expect(scraped.text.contains("\ncardea_signal_streams 1000\n"))
    for number in 0..<20 {
      let body = #"{"name":"k\#(number)","scopes":[]}"#
      #expect(try await client.json("POST", "/v1/keys", token: admin, body).status == 201)
      #expect(try await server.authenticate(admin) == 200)
    }
    let expected = (2...21).map(String.init)
    for stream in streams.dropFirst(100) {
      #expect(try await stream.next(20).map(\.id) == expected)
    }
    #expect(server.stop() == 0)
    for stream in streams.dropFirst(100).prefix(50) { #expect(try await stream.next() == nil) }
  }
}
