/// What an endpoint answered.
package enum WebhookAnswer: Sendable, Equatable {
  case status(Int)
  /// There was no answer; why, for operators.
  case failed(String)

  /// Anything but 2xx is a failure, a redirect too: it could lead anywhere.
  package var isSuccess: Bool {
    if case .status(200...299) = self { true } else { false }
  }

  package var status: Int? {
    if case .status(let status) = self { status } else { nil }
  }

  package var reason: String {
    switch self {
    case .status(let status): "HTTP \(status)"
    case .failed(let reason): reason
    }
  }
}
