/// What a listener may throw so that operators read why: of any other error they are told the type alone, since
/// its text could say anything.
public struct DeliveryFailure: Error, Sendable, Equatable {
  /// For operators: `HTTP 503`. Must not hold a credential.
  public let reason: String

  public init(_ reason: String) { self.reason = reason }
}
