/// A plugin does not keep a promise: which, and what was seen instead.
public struct PromiseBroken: Error, Sendable, Equatable, CustomStringConvertible {
  /// ``Promise/name``.
  public let promise: String
  /// What was seen instead.
  public let reason: String

  public init(promise: String, reason: String) {
    self.promise = promise
    self.reason = reason
  }

  public var description: String { "broken promise \"\(promise)\": \(reason)" }
}
