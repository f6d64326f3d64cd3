import CardeaLifecycle
import CardeaTestFixtures
import Dispatch
import Foundation
import Testing

@testable import CardeaListeners

@Suite struct SpoolAuditSinkTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func sink(
    tier: AuditTier = .process, deadline: Duration = .seconds(60),
    write: @escaping SpoolAuditSink.Write = SpoolAuditSink.systemWrite
  ) -> SpoolAuditSink {
    SpoolAuditSink(path: folder.file("spool"), tier: tier, deadline: deadline, write: write)
  }

  private func event(
    _ id: String, reason: Denial.Reason? = nil, at: Int64 = 0, address: String? = nil
  ) -> AccessEvent {
    AccessEvent(
      at: Timestamp(milliseconds: at), reason: reason, keyID: nil, prefix: "tok_a", owner: nil,
      request: RequestFacts(
        method: "GET", path: "/", clientAddress: address, requestID: id))
  }

  private func ids(_ sink: SpoolAuditSink, source: Int = 0) throws -> [String] {
    try records(sink, source: source).compactMap { record in
      try JSONDecoder().decode([String: String].self, from: Data(record.draft.payload))[
        "request_id"]
    }
  }

  private func records(_ sink: SpoolAuditSink, source: Int = 0) throws -> [SpooledAccess] {
    try #require(sink.sources.count > source)
    return try sink.sources[source].records(after: 0, details: .max, limit: .max)
  }

  private func segments(slot: Int = 0) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("spool/\(slot)"))
      .filter { $0.hasSuffix(".log") }.sorted()
  }

  @Test func everyActionComesBackAsItWas() async throws {
    let sink = sink()
    try sink.open()
    for event in [
      event("in"), event("failed", reason: .unknown), event("limited", reason: .rateLimited),
      AccessEvent(
        .logOut, at: Timestamp(milliseconds: 0), reason: nil, keyID: nil, prefix: nil, owner: nil,
        request: RequestFacts(method: "DELETE", path: "/", requestID: "out")),
    ] { try await sink.record(event) }
    #expect(
      try records(sink).map(\.draft.action) == [
        "user_logged_in", "authentication_failed", "rate_limited", "user_logged_out",
      ])
  }

  @Test func isForItsOwnerOnly() async throws {
    let sink = sink()
    try sink.open()
    try await sink.record(event("a"))
    for (name, mode) in [("spool", 0o700), ("spool/0", 0o700)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      #expect(attributes[.posixPermissions] as? Int == mode)
    }
    let file = folder.file("spool/0/\(try segments()[0])")
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func faultsOnOpeningIfItCanNotBeMade() {
    for path in ["/nowhere/at/all", "/dev/null"] {
      #expect { try SpoolAuditSink(path: path).open() } throws: { error in
        (error as? ConfigurationFault)?.setting == "audit.spool"
      }
    }
  }

  /// What a killed process left is there, in its order, and goes on with the next number.
  @Test func goesOnAfterAKill() async throws {
    let first = sink()
    try first.open()
    try await first.record(event("a"))
    try await first.record(event("b"))
    let node = try #require(first.sources.first?.node)
    // A kill lets go of the lock; here the files are taken elsewhere.
    try FileManager.default.copyItem(
      atPath: folder.file("spool"), toPath: folder.file("copy"))
    let second = SpoolAuditSink(path: folder.file("copy"))
    try second.open()
    try await second.record(event("c"))
    #expect(second.sources.first?.node == node)
    #expect(try ids(second) == ["a", "b", "c"])
    #expect(try records(second).map(\.sequence) == [1, 2, 3])
  }

  /// The power failed, or the disk filled up, in the middle of a line.
  @Test func cutsATornLineOff() async throws {
    let first = sink()
    try first.open()
    try await first.record(event("a"))
    await first.close()
    let file = folder.file("spool/0/\(try #require(try segments().last))")
    let handle = try FileHandle(forWritingTo: URL(filePath: file))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("2 17 e 1 200 - - tok_a {\"pa".utf8))
    try handle.close()
    let second = sink()
    try second.open()
    try await second.record(event("b"))
    #expect(try ids(second) == ["a", "b"])
    #expect(try records(second).map(\.sequence) == [1, 2])
  }

  @Test func aSecondProcessGetsASlotOfItsOwn() async throws {
    let (first, second) = (sink(), sink())
    try first.open()
    try second.open()
    try await first.record(event("a"))
    try await second.record(event("b"))
    #expect(try ids(first) == ["a"] && ids(second) == ["b"])
    #expect(first.sources.first?.node != second.sources.first?.node)
    // Once both are gone, the next process finds what the second one left, too.
    await first.close()
    await second.close()
    let third = sink()
    try third.open()
    #expect(third.sources.count == 2)
    #expect(try ids(third, source: 1) == ["b"])
  }

  /// What the store has is deleted; the sequence goes on.
  @Test func deletesWhatTheStoreHas() async throws {
    let first = sink()
    try first.open()
    let text = String(repeating: "x", count: 1 << 20)
    for number in 0..<12 { try await first.record(event("\(number)-\(text)")) }
    #expect(try segments().count == 2)
    let source = try #require(first.sources.first)
    try source.discard(through: 12)
    #expect(try segments().count == 1)
    await first.close()
    #expect(try segments() == ["00000000000000000013.log"])
    let second = sink()
    try second.open()
    try await second.record(event("last"))
    #expect(try records(second).map(\.sequence) == [13])
  }

  /// A store that was restored, or a spool that was: new records never take the numbers of old ones.
  @Test func goesOnBehindWhatTheStoreHas() async throws {
    let sink = sink()
    try sink.open()
    let source = try #require(sink.sources.first)
    try source.resume(after: 41)
    try await sink.record(event("a"))
    #expect(
      try source.records(after: 41, details: 9, limit: 9).map(\.sequence) == [42])
  }

  @Test func readsInParts() async throws {
    let sink = sink()
    try sink.open()
    for number in 1...10 { try await sink.record(event("\(number)")) }
    let source = try #require(sink.sources.first)
    var read: [Int64] = []
    while true {
      let part = try source.records(after: read.last ?? 0, details: 3, limit: 100)
      if part.isEmpty { break }
      #expect(part.count <= 3)
      read += part.map(\.sequence)
    }
    #expect(read == Array(1...10))
  }

  /// U4: a disk that hangs holds nobody for longer than the deadline, and what was refused is counted.
  @Test func aDiskThatHangsIsWaitedForWithALimit() async throws {
    let gate = DispatchSemaphore(value: 0)
    let hangs = Locked(true)
    let sink = sink(deadline: .milliseconds(50)) { descriptor, bytes in
      if hangs.withLock({ $0 }) { gate.wait() }
      return SpoolAuditSink.systemWrite(descriptor, bytes)
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
    // From the moment on at which the write returns, records are taken again.
    var isTaken = false
    var attempts: Int64 = 4
    while !isTaken {
      attempts += 1
      isTaken = (try? await sink.record(event("free"))) != nil
    }
    await sink.close()
    let again = self.sink()
    try again.open()
    let counted = try records(again).reduce(0) { $0 + $1.draft.count }
    #expect(counted == attempts, "rows and counts are every attempt, refused ones too")
    let allowed = try ids(again)
    #expect(allowed == ["free"], "who was refused is not among those who were let in")
    #expect(
      try records(again).contains {
        $0.draft.reason == Denial.Reason.auditUnavailable.rawValue && $0.draft.status == 503
      })
  }

  /// The disk fills up in the middle of a group, then has room again.
  @Test func whatCanNotBeWrittenWholeIsRefusedAndCounted() async throws {
    let room = Locked<Int?>(nil)
    let sink = sink { descriptor, bytes in
      guard let room = room.withLock({ $0 }), room < bytes.count else {
        return SpoolAuditSink.systemWrite(descriptor, bytes)
      }
      return SpoolAuditSink.systemWrite(descriptor, Array(bytes.prefix(room)))
    }
    try sink.open()
    try await sink.record(event("a"))
    room.withLock { $0 = 30 }
    for _ in 0..<3 {
      await #expect(throws: AuditWriteError.notWritten(errno: ENOSPC)) {
        try await sink.record(event("refused"))
      }
    }
    room.withLock { $0 = nil }
    try await sink.record(event("b"))
    await sink.close()
    let again = self.sink()
    try again.open()
    let kept = try records(again)
    #expect(try ids(again) == ["a", "b"])
    #expect(kept.reduce(0) { $0 + $1.draft.count } == 5)
    #expect(kept.map(\.sequence) == Array(1...Int64(kept.count)))
  }

  /// Nobody has to come and be refused for it to be found out that there is room again.
  @Test func afterAFailedWriteItTriesAgainWhenAsked() async throws {
    let isFull = Locked(false)
    let sink = sink { descriptor, bytes in
      guard isFull.withLock({ $0 }) else { return SpoolAuditSink.systemWrite(descriptor, bytes) }
      errno = ENOSPC
      return -1
    }
    #expect(!sink.canRecord(), "it is not open")
    try sink.open()
    #expect(sink.canRecord())
    isFull.withLock { $0 = true }
    for _ in 0..<3 { try? await sink.record(event("refused")) }
    for _ in 0..<3 { #expect(!sink.canRecord()) }
    isFull.withLock { $0 = false }
    while !sink.canRecord() { await Task.yield() }
    #expect(try ids(sink).isEmpty)
    #expect(try records(sink).reduce(0) { $0 + $1.draft.count } == 3)
    await sink.close()
    #expect(!sink.canRecord())
  }

  @Test func theTierOfFailuresLeavesOutWhatWasAllowed() async throws {
    let sink = sink(tier: .failures)
    try sink.open()
    try await sink.record(event("allowed"))
    try await sink.record(event("denied", reason: .unknown))
    #expect(try ids(sink) == ["denied"])
  }

  /// F6: of a flood, what is known beyond the first thousand is outcome and address; of what is allowed,
  /// everything always.
  @Test func aFloodIsKeptShort() async throws {
    let sink = sink()
    try sink.open()
    for number in 0..<1_200 {
      try await sink.record(event("\(number)", reason: .unknown, address: "192.0.2.1"))
    }
    try await sink.record(event("allowed", address: "192.0.2.1"))
    let records = try records(sink)
    #expect(records.count == 1_201)
    #expect(records.filter(\.isFolded).count == 200)
    #expect(records.last?.isFolded == false)
    #expect(records[1_100].draft.payload == Array(#"{"address":"192.0.2.1"}"#.utf8))
    #expect(records[1_100].draft.reason == "unknown")
    // Ten minutes later a thousand get entries of their own again.
    try await sink.record(event("later", reason: .unknown, at: 600_000))
    #expect(try self.records(sink).last?.isFolded == false)
  }

  // MARK: Files that are taken away

  /// What was recorded before is drained from the file that is still open; what comes then is found by others too.
  @Test(arguments: ["spool", "spool/0", "spool/0/lock", "spool/0/00000000000000000001.log"])
  func goesOnInAnotherSlotWhenItsFilesAreRemoved(_ name: String) async throws {
    let sink = sink()
    try sink.open()
    try await sink.record(event("a"))
    let node = try #require(sink.sources.first?.node)
    try FileManager.default.removeItem(atPath: folder.file(name))
    try await sink.record(event("b"))
    try await sink.record(event("c"))
    #expect(sink.canRecord())
    #expect(try ids(sink) == ["b", "c"])
    #expect(try records(sink).map(\.sequence) == [1, 2])
    #expect(try ids(sink, source: 1) == ["a"])
    #expect(sink.sources.map(\.node).filter { $0 == node }.count == 1)
    // Once the store has what it held, the old one is forgotten.
    try sink.sources[1].discard(through: 1)
    #expect(sink.sources.count == 1)
    #expect(try ids(sink) == ["b", "c"])
  }

  /// As an editor does that saves what it shows.
  @Test(arguments: ["lock", "00000000000000000001.log"])
  func goesOnInAnotherSlotWhenItsFilesAreReplaced(_ name: String) async throws {
    let sink = sink()
    try sink.open()
    try await sink.record(event("a"))
    let file = folder.file("spool/0/\(name)")
    try FileManager.default.copyItem(atPath: file, toPath: file + "~")
    #expect(rename(file + "~", file) == 0)
    try await sink.record(event("b"))
    #expect(try ids(sink) == ["b"])
    #expect(try ids(sink, source: 1) == ["a"])
  }

  /// Without the lock another process takes the slot: no two write to one.
  @Test func leavesASlotWhoseLockWasRemovedToWhoTakesIt() async throws {
    let (first, second) = (sink(), sink())
    try first.open()
    try await first.record(event("a"))
    try FileManager.default.removeItem(atPath: folder.file("spool/0/lock"))
    try second.open()
    try await first.record(event("b"))
    try await second.record(event("c"))
    #expect(try ids(first) == ["b"])
    #expect(try ids(second) == ["a", "c"])
    #expect(try records(second).map(\.sequence) == [1, 2])
    #expect(first.sources.first?.node != second.sources.first?.node)
  }

  @Test func refusesAsLongAsNoSlotCanBeMade() async throws {
    let above = folder.file("above")
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: false)
    let sink = SpoolAuditSink(path: above + "/spool", deadline: .seconds(60))
    try sink.open()
    try await sink.record(event("a"))
    try FileManager.default.removeItem(atPath: above)
    for _ in 0..<3 {
      await #expect(throws: AuditWriteError.notWritten(errno: ENOENT)) {
        try await sink.record(event("refused"))
      }
    }
    #expect(!sink.canRecord())
    // What it still holds can be drained all the same.
    #expect(try ids(sink) == ["a"])
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: false)
    while !sink.canRecord() { await Task.yield() }
    try await sink.record(event("b"))
    #expect(try ids(sink) == ["b"])
    #expect(try records(sink).reduce(0) { $0 + $1.draft.count } == 4)
    #expect(try ids(sink, source: 1) == ["a"])
  }

  /// Nobody can find it when this process is gone: the numbers show that it is missing.
  @Test func whatIsNotDrainedFromARemovedSlotIsMissingInTheNext() async throws {
    let first = sink()
    try first.open()
    for id in ["a", "b"] { try await first.record(event(id)) }
    try FileManager.default.removeItem(atPath: folder.file("spool"))
    try await first.record(event("c"))
    await first.close()
    let second = sink()
    try second.open()
    try await second.record(event("d"))
    #expect(try ids(second) == ["c", "d"])
    #expect(try records(second).map(\.sequence) == [1, 4])
  }

  @Test func aSegmentThatIsGoneIsPassedOver() async throws {
    let sink = sink()
    try sink.open()
    let text = String(repeating: "x", count: 1 << 20)
    for number in 0..<9 { try await sink.record(event("\(number)-\(text)")) }
    let names = try segments()
    try #require(names.count == 2)
    try FileManager.default.removeItem(atPath: folder.file("spool/0/\(names[0])"))
    let left = try records(sink).map(\.sequence)
    #expect(left == [9])
    #expect(sink.sources.count == 1)
  }

  /// A disk that can't be read is not the end of what was written: nothing is cut off, nothing passed over.
  @Test func whatCanNotBeReadIsNotTakenForTheEnd() async throws {
    let sink = sink()
    try sink.open()
    try await sink.record(event("a"))
    let path = folder.file("spool/0/\(try #require(try segments().first))")
    let handle = try #require(FileHandle(forWritingAtPath: path))
    defer { try? handle.close() }
    let file = SpoolFile(descriptor: handle.fileDescriptor)
    #expect(throws: SpoolFault.self) { try file.scan(from: 0) { _, _ in true } }
    let segment = try #require(
      SpoolSegment(named: "00000000000000000001.log", in: folder.file("spool/0")))
    var reading = SpoolReading(segments: [segment], next: 2, written: file, cursor: nil)
    #expect(throws: SpoolFault.self) { try reading.records(after: 0, details: 10, limit: 10) }
  }

  /// Numbers that nothing of ours has written are no record, and stop nobody.
  @Test(arguments: [
    "9223372036854775807 0 e 1 200 - - - {}", "9007199254740993 0 e 1 200 - - - {}",
    "2 0 f 9223372036854775807 401 unknown - - {}", "2 0 f 0 401 unknown - - {}",
  ])
  func passesOverNumbersThatAreNone(_ line: String) async throws {
    let first = sink()
    try first.open()
    try await first.record(event("a"))
    let path = folder.file("spool/0/\(try #require(try segments().first))")
    await first.close()
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("\(line)\n".utf8))
    try file.close()
    _ = try folder.write([], to: "spool/0/9223372036854775807.log", mode: 0o600)
    let second = sink()
    try second.open()
    try await second.record(event("b"))
    #expect(try records(second).map(\.sequence) == [1, 2])
    #expect(try ids(second) == ["a", "b"])
  }

  @Test func recordsNothingBeforeItIsOpenedOrAfterItIsClosed() async throws {
    let sink = sink()
    await #expect(throws: AuditWriteError.closed) { try await sink.record(event("a")) }
    try sink.open()
    await sink.close()
    await #expect(throws: AuditWriteError.closed) { try await sink.record(event("a")) }
  }
}
