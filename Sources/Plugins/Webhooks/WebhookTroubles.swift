import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What looks at the endpoints found wrong with them: warnings for operators, and which endpoints can't be read, each
/// of which is told of once for as long as that lasts.
///
/// Threading: any thread.
final class WebhookTroubles: Sendable {
  private let signals: SignalBus
  private let noteUnreadable: @Sendable (_ subscription: String) -> Void
  private let state = Locked(State())

  private struct State: Sendable {
    var warnings: [WebhookWarning] = []
    /// Endpoints of which it was said that they can't be read.
    var unreadable: Set<UUID> = []
  }

  init(
    signals: SignalBus, noteUnreadable: @escaping @Sendable (_ subscription: String) -> Void
  ) {
    self.signals = signals
    self.noteUnreadable = noteUnreadable
  }

  /// What an operator should put right.
  var warnings: [WebhookWarning] { state.withLock { $0.warnings } }

  func note(_ survey: WebhookSurvey, at now: Timestamp) {
    let warnings = survey.warnings(at: now)
    let new = state.withLock { state in
      state.warnings = warnings
      defer { state.unreadable = Set(survey.unreadable) }
      return survey.unreadable.filter { !state.unreadable.contains($0) }
    }
    for id in new {
      let name = WebhookEndpoint.subscription(id)
      noteUnreadable(name)
      signals.publish(
        ListenerFailed(
          listener: name, signal: AnySignal.name, failure: .undeliverable, count: 1))
    }
  }
}
