import CardeaContracts

/// Appends each authentication to a file as one line of JSON.
///
/// An event is in the file, opened with `O_APPEND`, before its request is answered: it survives a kill of the process,
/// and a power loss as far as the file system wrote it out (``close()`` syncs). What arrives while a write is under way
/// goes out with the next. What can't be written denies its request, at the latest after the deadline, so that a disk
/// that hangs holds nobody up for longer, and is told by a line with a `count` as soon as one can be written. If a write
/// stopped in the middle of a line, in this process or an earlier one, the next begins with a line break, so at most
/// that one line is broken.
///
/// The file is opened when the kernel starts, so that one which can't be is found then, and created with mode
/// 0600. An existing one keeps its mode, but is refused if others may write to
/// it. To rotate it, rename it and restart.
///
/// Threading: any task.
public final class JSONLinesAuditSink: ConfigurablePlugin, AsyncAuditSink {
  public static let id = "audit.jsonlines"

  public static let settings = [
    SettingDeclaration(
      "path", .string,
      "The file that each authentication is appended to as a line of JSON. Unset: no such file.")
  ]

  /// The file that events are appended to.
  public let path: String
  private let deadline: Duration
  private let write: SpoolAuditSink.Write
  /// Once it is opened.
  private let parts = Locked<Parts?>(nil)

  private struct Parts: Sendable {
    let file: JSONLinesFile
    let writer: GroupWriter
  }

  /// `nil` unless `path` is set.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> JSONLinesAuditSink? {
    guard let path = settings.string("path") else { return nil }
    return try JSONLinesAuditSink(path: path)
  }

  /// Checks the path; nothing is created yet.
  /// - Parameter deadline: the longest that a request waits for its line.
  /// - Throws: if the folder does not exist, or what is there is no file to append to.
  public convenience init(
    path: String, deadline: Duration = .seconds(2)
  ) throws(ConfigurationFault) {
    try self.init(path: path, deadline: deadline, write: SpoolAuditSink.systemWrite)
  }

  /// - Parameter write: stands in for `write(2)` in tests of what happens when it fails.
  package init(
    path: String, deadline: Duration = .seconds(2), write: @escaping SpoolAuditSink.Write
  ) throws(ConfigurationFault) {
    self.path = path
    self.deadline = deadline
    self.write = write
    try JSONLinesFile.check(path)
  }

  public func open() throws(ConfigurationFault) {
    let file = try JSONLinesFile(path, creating: true)
    let writer = GroupWriter(deadline: deadline) { count in
      AuditLine.bytes(unrecorded: count, at: SystemClock().now())
    } body: { [write] lines, settle throws(AuditWriteError) in
      try file.append(lines, write, settle: settle)
    }
    parts.withLock { $0 = Parts(file: file, writer: writer) }
  }

  public func record(_ event: AccessEvent) async throws { try await recordByTelling(event) }

  public func record(
    _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    guard let writer = parts.withLock({ $0?.writer }) else { return done(AuditWriteError.closed) }
    writer.write(AuditLine.bytes(event)) { done($0) }
  }

  public func canRecord() -> Bool { parts.withLock { $0?.writer }?.canWrite() ?? false }

  /// Writes what waits, and syncs the file.
  public func close() async {
    let parts = parts.withLock { held in
      defer { held = nil }
      return held
    }
    await parts?.writer.close { parts?.file.sync() }
  }
}
