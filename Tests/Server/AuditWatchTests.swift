import Cardea
import CardeaTestSupport
import Logging
import Testing

@testable import CardeaServer

/// Who denies everything since nothing can be recorded says so in the log, as of the store.
@Suite("the audit in the log", .timeLimit(.minutes(5)))
struct AuditWatchTests {
  /// Takes nothing as long as this says so.
  private struct Fickle: AuditSink {
    struct Full: Error {}
    let id = "test.fickle"
    let isFull: Locked<Bool>

    func record(_ events: [AccessEvent]) throws {
      if isFull.withLock({ $0 }) { throw Full() }
    }
    func canRecord() -> Bool { !isFull.withLock { $0 } }
  }

  private func logger(_ lines: Locked<[String]>) -> Logger {
    Logger(label: "captured") { _ in CapturingLogHandler(lines: lines) }
  }

  @Test func itsFailureIsToldOnceAndItsEndOnce() async throws {
    let isFull = Locked(false)
    try await ServerRig.run(plugins: [Fickle(isFull: isFull)]) { rig in
      let lines = Locked<[String]>([])
      let watch = AuditWatch(rig.kernel, logger(lines))
      watch.look()
      #expect(lines.withLock { $0.isEmpty })
      isFull.withLock { $0 = true }
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 1)
      #expect(
        lines.withLock { $0.first }?.contains(
          "what is decided can't be recorded, so it is denied: test.fickle") == true)
      #expect(lines.withLock { $0.first }?.contains("audit_unavailable") == true)
      isFull.withLock { $0 = false }
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 2)
      #expect(lines.withLock { $0.last }?.contains("is recorded again") == true)
      // What comes back within a minute is not told yet; without a minute between it would be.
      isFull.withLock { $0 = true }
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 2)
      let hasty = AuditWatch(rig.kernel, logger(lines), distance: 0)
      for isNowFull in [true, false, true] {
        isFull.withLock { $0 = isNowFull }
        for _ in 0..<3 { hasty.look() }
      }
      #expect(lines.withLock { $0.count } == 5)
    }
  }

  @Test func whatGoesUnrecordedIsToldToo() async throws {
    let isFull = Locked(true)
    try await ServerRig.run(
      plugins: [Fickle(isFull: isFull)], kernel: { $0.auditOnFailure = .allow }
    ) { rig in
      let lines = Locked<[String]>([])
      AuditWatch(rig.kernel, logger(lines)).look()
      let told = lines.withLock { $0 }
      #expect(told.count == 1 && told[0].contains("requests go unrecorded: test.fickle"))
    }
  }

  @Test func aServerLooksByItself() async throws {
    let isFull = Locked(true)
    let lines = Locked<[String]>([])
    try await ServerRig.run(plugins: [Fickle(isFull: isFull)], logger: logger(lines)) { _ in
      func until(_ text: String) async throws {
        while !lines.withLock({ $0.contains { $0.contains(text) } }) {
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      try await until("can't be recorded, so it is denied: test.fickle")
      isFull.withLock { $0 = false }
      try await until("is recorded again")
    }
  }
}
