/// An audit sink whose promise takes waiting for: a write that many requests share, a disk's sync.
///
/// With one registered, no verdict is given on the warm path: ``AuthKernel/authenticateIfWarm(_:requiring:)``
/// answers `nil`, and ``AuthKernel/authenticate(_:requiring:)`` suspends the request, not its thread, until
/// `record` returns.
///
/// Threading: from any task, many at once.
public protocol AsyncAuditSink: Plugin {
  /// Opens files or connections. Called once, when the kernel starts and before the first event; what
  /// can't be opened keeps the kernel from starting.
  func open() throws(ConfigurationFault)
  /// Returns once the event is as durable as the sink promises; a throw denies the request. It has a
  /// limit of its own and throws past it: a disk that hangs must not hold requests for ever.
  func record(_ event: AccessEvent) async throws
  /// As ``AuditSink/canRecord()``. It does not wait: what it finds out by trying again, the next call tells.
  func canRecord() -> Bool
  /// Called at shutdown, after the last event.
  func close() async
}

extension AsyncAuditSink {
  public func open() throws(ConfigurationFault) {}
  public func canRecord() -> Bool { true }
  public func close() async {}
  public func register(in registry: inout Registry) { registry.add(auditSink: self) }
}
