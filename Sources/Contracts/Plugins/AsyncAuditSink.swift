/// An audit sink whose promise takes waiting for: a write that many requests share, a disk's sync.
///
/// With one registered, ``AuthKernel/authenticateIfWarm(_:requiring:)`` answers `nil`;
/// ``AuthKernel/authenticatePromptly(_:requiring:)`` gives a verdict that is there once it is recorded, and
/// ``AuthKernel/authenticate(_:requiring:)`` suspends the request, not its thread, until `record` returns.
///
/// Threading: from any task, many at once.
public protocol AsyncAuditSink: Plugin {
  /// Opens files or connections. Called once, when the kernel starts and before the first event; what
  /// can't be opened keeps the kernel from starting.
  func open() throws(ConfigurationFault)
  /// Returns once the event is as durable as the sink promises; a throw denies the request. It has a
  /// limit of its own and throws past it: a disk that hangs must not hold requests for ever.
  func record(_ event: AccessEvent) async throws
  /// The same for who must not suspend, an event loop: returns at once, and calls `done` once, with what
  /// ``record(_:)`` would throw. From any thread, before it returns too; `done` comes back at once as well.
  func record(_ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void)
  /// As ``AuditSink/canRecord()``. It does not wait: what it finds out by trying again, the next call tells.
  func canRecord() -> Bool
  /// Called at shutdown, after the last event.
  func close() async
}

extension AsyncAuditSink {
  public func open() throws(ConfigurationFault) {}
  public func canRecord() -> Bool { true }
  public func close() async {}
  public func record(
    _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    Task {
      do {
        try await record(event)
        done(nil)
      } catch { done(error) }
    }
  }
  public func register(in registry: inout Registry) { registry.add(auditSink: self) }
}
