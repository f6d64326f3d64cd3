/// Records authentication outcomes.
///
/// `record` returns once the events are as durable as the sink promises; a throw denies the requests
/// that they belong to. Changes are not its business: they are always in the store's signal log.
///
/// Threading: called from any thread, several calls at once, before the verdict is given out: it may
/// not wait for a network or a disk, which may hang. One that has to wait conforms to ``AsyncAuditSink``.
public protocol AuditSink: Plugin {
  /// Opens files or connections. Called once, when the kernel starts and before the first event; what
  /// can't be opened keeps the kernel from starting.
  func open() throws(ConfigurationFault)
  /// Records events, in order. A throw denies the requests that they belong to.
  func record(_ events: [AccessEvent]) throws
  /// Whether an authentication that is allowed could be recorded now, as far as the sink knows: yes, unless it says
  /// otherwise. Asked by ``AuthKernel/readiness()``, by a server every second, and never on the way of a request. One
  /// whose last write failed tries again here: a node that is not ready gets no requests that would show that it is.
  func canRecord() -> Bool
  /// Makes everything durable; called at shutdown.
  func flush() throws
}

extension AuditSink {
  public func open() throws(ConfigurationFault) {}
  public func canRecord() -> Bool { true }
  public func flush() throws {}
  public func register(in registry: inout Registry) { registry.add(auditSink: self) }
}
