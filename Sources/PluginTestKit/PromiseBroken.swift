/// A plugin does not keep a promise: which, and what was seen instead.
public struct PromiseBroken: Error, Sendable, Equatable, CustomStringConvertible {
  public let promise: String
  public let reason: String

  public init(promise: String, reason: String) {
    self.promise = promise
    self.reason = reason
  }

  public var description: String { "broken promise \"\(promise)\": \(reason)" }
}
