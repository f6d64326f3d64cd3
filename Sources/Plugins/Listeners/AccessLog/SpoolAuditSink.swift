import CardeaContracts

/// Appends each authentication to a spool on this node, from which the kernel moves it to the store's access
/// log: the tiers ``AuditTier/process``, ``AuditTier/commit`` and ``AuditTier/failures``.
///
/// What arrives while a write is under way goes out with the next: one `write(2)`, and for `commit` one
/// `fdatasync(2)`, for all that wait. No request waits longer than the deadline; past it, and as long as the
/// disk hangs, requests are denied at once. So are those whose line can't be written. They are counted, and the
/// count is recorded as soon as something can be.
///
/// The spool is a folder with one slot per process that uses it at the same time, made with mode 0700. A slot
/// that a process left behind is taken over, or drained, by the next that starts. If its files are taken away under a
/// running process, that goes on in another, or denies as long as none can be made.
///
/// Threading: any task.
public final class SpoolAuditSink: AsyncAuditSink, AccessSpool {
  public let id = "audit.spool"
  /// The spool's folder.
  public let path: String
  public let tier: AuditTier
  private let setting: String
  private let deadline: Duration
  private let write: Write
  private let gate = FloodGate()
  private let parts = Locked<Parts?>(nil)

  /// Writes to a descriptor: the number of bytes written, or -1 with `errno` set.
  package typealias Write = @Sendable (_ descriptor: Int32, _ bytes: [UInt8]) -> Int

  private struct Parts: Sendable {
    let slots: SpoolSlots
    let writer: GroupWriter
  }

  /// - Parameters:
  ///   - path: the spool's folder, made by ``open()`` in a folder that exists.
  ///   - setting: what names the folder, for faults.
  ///   - deadline: the longest that a request waits for its line.
  public convenience init(
    path: String, tier: AuditTier = .process, setting: String = "audit.spool",
    deadline: Duration = .seconds(2)
  ) {
    self.init(
      path: path, tier: tier, setting: setting, deadline: deadline,
      write: SpoolAuditSink.systemWrite)
  }

  /// - Parameter write: stands in for `write(2)` in tests of what happens when it fails.
  package init(
    path: String, tier: AuditTier, setting: String = "audit.spool",
    deadline: Duration = .seconds(2), write: @escaping Write
  ) {
    self.path = path
    self.tier = tier
    self.setting = setting
    self.deadline = deadline
    self.write = write
  }

  public func open() throws(ConfigurationFault) {
    do throws(SpoolFault) {
      let slots = try SpoolSlots(path: path, write: write)
      let syncs = tier == .commit
      let writer = GroupWriter(deadline: deadline) { count in
        SpoolLine.body(
          AccessDraft(unrecorded: count, at: SystemClock().now()), isFolded: true)
      } body: { lines, settle throws(AuditWriteError) in
        try slots.append(lines, syncs: syncs, settle: settle)
      }
      parts.withLock { $0 = Parts(slots: slots, writer: writer) }
    } catch {
      throw ConfigurationFault(
        plugin: id, setting: setting, value: path, problem: error.problem,
        remedy: "Name a folder on a local disk that this process may write to, or make its parent.")
    }
  }

  public func record(_ event: AccessEvent) async throws { try await recordByTelling(event) }

  public func record(
    _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    if tier == .failures, event.reason == nil { return done(nil) }
    guard let writer = parts.withLock({ $0?.writer }) else { return done(AuditWriteError.closed) }
    let (draft, isFolded) = gate.draft(event)
    writer.write(SpoolLine.body(draft, isFolded: isFolded)) { done($0) }
  }

  public func canRecord() -> Bool {
    // Who is let in leaves no line there.
    if tier == .failures { return true }
    return parts.withLock { $0?.writer }?.canWrite() ?? false
  }

  public var sources: [any AccessSource] {
    parts.withLock { $0?.slots }?.sources ?? []
  }

  /// Writes what waits and lets go of the spool. What the store does not have yet is drained by the next
  /// process.
  public func close() async {
    let parts = parts.withLock { held in
      defer { held = nil }
      return held
    }
    guard let parts else { return }
    await parts.writer.close()
    parts.slots.finish()
  }

  package static func systemWrite(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { CardeaContracts.systemWrite(descriptor, $0) }
  }
}
