import CardeaContracts
import Foundation
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A `cardea serve` that listens on a free port.
// @unchecked: `Process` may be signalled from any thread; the rest never changes.
final class RunningServer: @unchecked Sendable {
  let address: String
  /// What was written before it listened.
  let out: String
  let err: String
  private let process: Process
  private let rest: Rest

  /// Starts it and waits for its ready line.
  init(
    _ program: CardeaProgram, _ arguments: [String], environment: [String: String] = [:]
  ) throws {
    process = try program.process(
      ["serve", "--port", "0"] + arguments, environment: environment)
    let outPipe = Pipe()
    let errPipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = outPipe.fileHandleForWriting
    process.standardError = errPipe
    try process.run()
    try outPipe.fileHandleForWriting.close()
    var written = ""
    while !written.contains("(Ctrl-C ends it)") || !written.hasSuffix("\n") {
      let data = errPipe.fileHandleForReading.availableData
      if data.isEmpty { break }
      written += String(decoding: data, as: UTF8.self)
    }
    err = written
    // The first key's token is written before the server listens, so one read has it.
    out =
      written.contains("Its token follows")
      ? String(decoding: outPipe.fileHandleForReading.availableData, as: UTF8.self) : ""
    rest = Rest(errPipe.fileHandleForReading)
    let ready = try #require(
      written.split(separator: "\n").last { $0.contains("listens on") }, "\(written)")
    // … listens on ADDRESS (Ctrl-C ends it)
    let words = ready.split(separator: " ")
    address = String(try #require(words.drop { $0 != "on" }.dropFirst().first))
  }

  deinit { if process.isRunning { process.terminate() } }

  /// Sends SIGTERM and gives the exit code.
  func stop() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }

  /// What was written to stderr after it listened; to be asked for once it has ended.
  func log() -> String { rest.text() }

  /// Whether it has written that to stderr since it listened.
  func hasLogged(_ text: String) -> Bool { rest.soFar.contains(text) }

  /// Sends SIGKILL and waits for the end.
  func kill() {
    signal(SIGKILL)
    process.waitUntilExit()
  }

  /// Of its process.
  var id: Int32 { process.processIdentifier }

  /// Stops it where it is, and lets it go on.
  func freeze() { signal(SIGSTOP) }
  func thaw() { signal(SIGCONT) }

  private func signal(_ number: Int32) {
    #if canImport(Darwin)
      Darwin.kill(process.processIdentifier, number)
    #elseif canImport(Musl)
      Musl.kill(process.processIdentifier, number)
    #else
      Glibc.kill(process.processIdentifier, number)
    #endif
  }

  /// Sends SIGINT and gives the exit code.
  func interrupt() -> Int32 {
    process.interrupt()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }

  var port: Int? { address.split(separator: ":").last.flatMap { Int($0) } }

  /// The status of `GET /auth` with this token.
  func authenticate(_ token: String) async throws -> Int {
    var request = URLRequest(url: try #require(URL(string: "\(address)/auth")))
    request.setValue(token, forHTTPHeaderField: "X-API-Key")
    let (_, response) = try await URLSession.shared.data(for: request)
    return try #require(response as? HTTPURLResponse).statusCode
  }
}

/// Reads a pipe to its end, so that its writer never waits.
private final class Rest: Sendable {
  private let bytes = Locked(Data())
  private let ended = DispatchSemaphore(value: 0)

  init(_ pipe: FileHandle) {
    Thread.detachNewThread { [self] in
      while case let data = pipe.availableData, !data.isEmpty { bytes.withLock { $0 += data } }
      ended.signal()
    }
  }

  func text() -> String {
    ended.wait()
    defer { ended.signal() }
    return soFar
  }

  var soFar: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}
