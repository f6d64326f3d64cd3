import CardeaLifecycle
import CardeaListeners
import CardeaPluginTestKit
import CardeaTestFixtures
import Foundation
import Testing

@Suite struct JSONLinesAuditSinkTests {
  /// One for all promises, which make sinks of their own in it.
  static let shared = Result { try TemporaryFolder() }

  static let promises = AsyncAuditSinkPromises(
    recorded: { sink in
      try lines(of: sink.path).map { try #require($0["request_id"] as? String) }
    },
    broken: {
      try JSONLinesAuditSink(path: shared.get().file("\(UUID().uuidString).jsonl")) { _, _ in
        errno = ENOSPC
        return -1
      }
    },
    blocked: {
      try JSONLinesAuditSink(
        path: shared.get().file("\(UUID().uuidString).jsonl"), deadline: .milliseconds(50)
      ) { _, _ in
        // For ever: the writer's thread stays behind.
        DispatchSemaphore(value: 0).wait()
        return -1
      }
    }
  ) { try JSONLinesAuditSink(path: shared.get().file("\(UUID().uuidString).jsonl")) }.all

  static let configurationPromises = ConfigurationPromises(
    JSONLinesAuditSink.self,
    accepted: (try? shared.get()).map { [values($0.file("configured.jsonl"))] } ?? [],
    refused: [values(""), values("/dev/full"), values("/nowhere/at/all.jsonl")]
  ).all

  static func values(_ path: String) -> SettingValues { SettingValues(["path": .string(path)]) }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(arguments: configurationPromises) func keepsOfItsSettings(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func writesTheWireNames() async throws {
    let sink = try opened(folder.file("audit.jsonl"))
    let id = try #require(UUID(uuidString: "018F3C2E-7B6A-7C11-9D55-0A1B2C3D4E5F"))
    let facts = RequestFacts(
      method: "GET", path: "/orders/1", clientAddress: "192.0.2.1", userAgent: "curl/8",
      requestID: "r1")
    for event in [
      AccessEvent(
        at: Timestamp(milliseconds: 1_790_000_000_123), reason: nil, keyID: id,
        prefix: "tok_ab12CD34", owner: "alice", request: facts),
      AccessEvent(
        at: Timestamp(milliseconds: 1_790_000_000_124), reason: .wrongSecret, keyID: nil,
        prefix: nil, owner: nil, request: RequestFacts(method: "POST", path: "/")),
      AccessEvent(
        .logOut, at: Timestamp(milliseconds: 1_790_000_000_125), reason: nil, keyID: nil,
        prefix: nil, owner: nil, request: RequestFacts(method: "DELETE", path: "/")),
    ] { try await sink.record(event) }
    let text = try String(contentsOfFile: sink.path, encoding: .utf8)
    #expect(
      text == #"""
        {"action":"user_logged_in","address":"192.0.2.1","at":"2026-09-21T14:13:20.123Z","key_id":"018f3c2e-7b6a-7c11-9d55-0a1b2c3d4e5f","method":"GET","outcome":"allow","owner":"alice","path":"/orders/1","prefix":"tok_ab12CD34","request_id":"r1","status":200,"user_agent":"curl/8"}
        {"action":"authentication_failed","at":"2026-09-21T14:13:20.124Z","method":"POST","outcome":"deny","path":"/","reason":"wrong_secret","status":401}
        {"action":"user_logged_out","at":"2026-09-21T14:13:20.125Z","method":"DELETE","outcome":"allow","path":"/","status":200}

        """#)
  }

  /// U5: a control, format or separator character of any kind is escaped, and comes back equal.
  @Test(arguments: [
    "\r\n", "\u{1b}[31m", "\u{0}", "\u{7f}", "\u{85}", "\u{9b}2J", "\u{2028}", "\u{2029}",
    "\u{202e}x",
    "\u{200b}", "\u{feff}", "\u{e0041}", "\u{ad}", "\\u0041\"",
  ])
  func escapesWhatCouldBreakALine(_ text: String) async throws {
    let sink = try opened(folder.file("audit.jsonl"))
    try await sink.record(event("z\(text)z"))
    let content = Array(try String(contentsOfFile: sink.path, encoding: .utf8).unicodeScalars)
    #expect(content.filter { $0 == "\n" }.count == 1 && content.last == "\n")
    let unsafe = content.dropLast().filter {
      [.control, .format, .lineSeparator, .paragraphSeparator].contains(
        $0.properties.generalCategory)
    }
    #expect(unsafe.isEmpty)
    let read = try #require(try Self.lines(of: sink.path).first?["request_id"] as? String)
    #expect(read.unicodeScalars.elementsEqual("z\(text)z".unicodeScalars))
  }

  @Test func leavesLettersOfAllLanguagesReadable() async throws {
    let sink = try opened(folder.file("audit.jsonl"))
    try await sink.record(event("clé-ключ-鍵-🔑"))
    #expect(try String(contentsOfFile: sink.path, encoding: .utf8).contains("clé-ключ-鍵-🔑"))
  }

  @Test func createsItsFileForItsOwnerOnly() async throws {
    let sink = try opened(folder.file("audit.jsonl"))
    try await sink.record(event("a"))
    let attributes = try FileManager.default.attributesOfItem(atPath: sink.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  /// Not with the first batch: who starts a server learns at once that nothing can be recorded.
  @Test func makesItsFileWhenItIsOpened() async throws {
    let sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl"))
    #expect(!FileManager.default.fileExists(atPath: sink.path))
    try sink.open()
    #expect(FileManager.default.fileExists(atPath: sink.path))
    try await sink.record(event("a"))
    #expect(try requestIDs(sink.path) == ["a"])
  }

  @Test func faultsOnOpeningIfTheFileCanNotBeMade() throws {
    let path = folder.file("audit.jsonl")
    let sink = try JSONLinesAuditSink(path: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect { try sink.open() } throws: { error in
      (error as? ConfigurationFault)?.setting == "plugins.audit.jsonlines.path"
    }
  }

  @Test func recordsNothingBeforeItIsOpened() async throws {
    let sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl"))
    await #expect(throws: AuditWriteError.closed) { try await sink.record(event("a")) }
  }

  @Test func appendsToWhatIsThere() async throws {
    let path = try folder.write(
      Array("{\"request_id\":\"old\"}\n".utf8), to: "audit.jsonl", mode: 0o640)
    try await opened(path).record(event("new"))
    #expect(try requestIDs(path) == ["old", "new"])
  }

  /// A process was killed, or the disk full, in the middle of a line.
  @Test func beginsALineAfterATornOne() async throws {
    let path = try folder.write(Array("{\"at\":\"2026".utf8), to: "audit.jsonl", mode: 0o600)
    let sink = try opened(path)
    try await sink.record(event("a"))
    try await sink.record(event("b"))
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "{\"at\":\"2026")
    #expect(lines[1].contains("\"a\"") && lines[2].contains("\"b\""))
  }

  /// The disk is full in the middle of a line, then has room again.
  @Test func throwsOnAShortWriteAndBreaksNoOtherLine() async throws {
    let room = Locked<Int?>(nil)
    let sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl")) { descriptor, bytes in
      let count = min(room.withLock { $0 } ?? bytes.count, bytes.count)
      return systemWrite(descriptor, bytes, count)
    }
    try sink.open()
    try await sink.record(event("a"))
    room.withLock { $0 = 10 }
    await #expect(throws: AuditWriteError.notWritten(errno: ENOSPC)) {
      try await sink.record(event("b"))
    }
    room.withLock { $0 = nil }
    try await sink.record(event("c"))
    let lines = try Self.lines(of: sink.path)
    #expect(lines.map { $0["request_id"] as? String } == ["a", "c", nil])
    #expect(lines[2]["count"] as? Int == 1 && lines[2]["reason"] as? String == "audit_unavailable")
    #expect(lines[2]["outcome"] as? String == "deny" && lines[2]["status"] as? Int == 503)
  }

  /// What another program has written behind it stays, and so does the torn line before that.
  @Test func cutsOffNothingOfOthers() async throws {
    let path = folder.file("audit.jsonl")
    let isFull = Locked(false)
    let sink = try JSONLinesAuditSink(path: path) { descriptor, bytes in
      guard isFull.withLock({ $0 }) else { return systemWrite(descriptor, bytes, bytes.count) }
      let written = systemWrite(descriptor, bytes, 10)
      _ = systemWrite(descriptor, Array("other\n".utf8), 6)
      return written
    }
    try sink.open()
    isFull.withLock { $0 = true }
    try? await sink.record(event("torn"))
    isFull.withLock { $0 = false }
    try await sink.record(event("a"))
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3 && lines[0].hasSuffix("other") && lines[1].contains("\"a\""))
  }

  /// U4: a disk that hangs holds nobody for longer than the deadline; who was refused is counted, and not among those who
  /// were let in.
  @Test func aDiskThatHangsIsWaitedForWithALimit() async throws {
    let gate = DispatchSemaphore(value: 0)
    let hangs = Locked(true)
    let sink = try JSONLinesAuditSink(
      path: folder.file("audit.jsonl"), deadline: .milliseconds(50)
    ) { descriptor, bytes in
      if hangs.withLock({ $0 }) { gate.wait() }
      return systemWrite(descriptor, bytes, bytes.count)
    }
    try sink.open()
    for number in 0..<4 {
      await #expect(throws: AuditWriteError.timedOut) {
        try await sink.record(event("held \(number)"))
      }
    }
    #expect(!sink.canRecord())
    hangs.withLock { $0 = false }
    gate.signal()
    var (isTaken, attempts) = (false, 4)
    while !isTaken {
      attempts += 1
      isTaken = (try? await sink.record(event("free"))) != nil
    }
    await sink.close()
    #expect(try requestIDs(sink.path) == ["free"])
    let counts = try Self.lines(of: sink.path).map { $0["count"] as? Int ?? 1 }
    #expect(counts.reduce(0, +) == attempts, "lines and counts are every attempt, refused ones too")
  }

  @Test func throwsOnAFailedWriteAndTriesAgainAfterASignal() async throws {
    let codes = Locked<[Int32]>([EINTR, ENOSPC, EINTR])
    let sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl")) { descriptor, bytes in
      guard let code = codes.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
        return systemWrite(descriptor, bytes, bytes.count)
      }
      errno = code
      return -1
    }
    try sink.open()
    await #expect(throws: AuditWriteError.notWritten(errno: ENOSPC)) {
      try await sink.record(event("lost"))
    }
    try await sink.record(event("kept"))
    #expect(try requestIDs(sink.path) == ["kept"])
  }

  @Test func afterAFailedWriteItTriesAgainWhenAsked() async throws {
    let isFull = Locked(false)
    let sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl")) { descriptor, bytes in
      guard isFull.withLock({ $0 }) else { return systemWrite(descriptor, bytes, bytes.count) }
      errno = ENOSPC
      return -1
    }
    try sink.open()
    try await sink.record(event("a"))
    #expect(sink.canRecord())
    isFull.withLock { $0 = true }
    #expect(sink.canRecord(), "it does not know yet")
    try? await sink.record(event("lost"))
    for _ in 0..<3 { #expect(!sink.canRecord()) }
    isFull.withLock { $0 = false }
    while !sink.canRecord() { await Task.yield() }
    try await sink.record(event("b"))
    #expect(try requestIDs(sink.path) == ["a", "b"])
    let counts = try Self.lines(of: sink.path).compactMap { $0["count"] as? Int }
    #expect(counts == [1], "the refused one")
  }

  @Test(arguments: [0o620, 0o602, 0o666]) func refusesAFileThatOthersMayWrite(_ mode: Int) throws {
    let path = try folder.write([], to: "audit.jsonl", mode: mode)
    #expect { try JSONLinesAuditSink(path: path) } throws: { error in
      let fault = error as? ConfigurationFault
      return fault?.setting == "plugins.audit.jsonlines.path" && fault?.value == path
    }
  }

  @Test func refusesWhatIsNoFile() {
    for path in [folder.path, folder.file("absent/audit.jsonl"), "/dev/full", ""] {
      #expect(throws: ConfigurationFault.self) { try JSONLinesAuditSink(path: path) }
    }
  }

  @Test func isMadeOnlyWithAPath() throws {
    #expect(try JSONLinesAuditSink.make(settings: SettingValues([:])) == nil)
    let path = folder.file("audit.jsonl")
    let made = try JSONLinesAuditSink.make(settings: SettingValues(["path": .string(path)]))
    #expect(made?.path == path && made?.id == "audit.jsonlines")
  }

  private func opened(_ path: String) throws -> JSONLinesAuditSink {
    let sink = try JSONLinesAuditSink(path: path)
    try sink.open()
    return sink
  }

  private func event(_ requestID: String) -> AccessEvent {
    AccessEvent(
      at: Timestamp(milliseconds: 0), reason: nil, keyID: nil, prefix: nil, owner: nil,
      request: RequestFacts(method: "GET", path: "/", requestID: requestID))
  }

  private func requestIDs(_ path: String) throws -> [String] {
    try Self.lines(of: path).compactMap { $0["request_id"] as? String }
  }

  /// The file's lines as JSON objects.
  private static func lines(of path: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: URL(filePath: path))
    return try data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).map {
      try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
