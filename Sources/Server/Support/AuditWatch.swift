import CardeaKernel
import Logging
import ServiceLifecycle

/// Logs that what is decided can't be recorded, once when it begins, and once when it is over. What comes and goes is
/// told once a minute at most.
///
/// Threading: any thread.
final class AuditWatch: Service, CustomStringConvertible {
  private static let interval: Duration = .seconds(1)

  let description = "audit watch"
  private let kernel: AuthKernel
  private let logger: Logger
  /// Nanoseconds between two times that it is told.
  private let distance: UInt64
  private let told = Locked(Told())

  private struct Told: Sendable {
    /// The sinks that were told to fail; empty once it was told that they don't.
    var sinks: [String] = []
    /// When, by the monotonic clock.
    var at: UInt64?
  }

  init(_ kernel: AuthKernel, _ logger: Logger, distance: UInt64 = 60_000_000_000) {
    self.kernel = kernel
    self.logger = logger
    self.distance = distance
  }

  /// Looks until the server stops.
  func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      repeat { look() } while (try? await Task.sleep(for: AuditWatch.interval)) != nil
    }
  }

  /// Tells what is new since it was done before.
  func look() {
    let sinks = kernel.silentSinks
    let now = kernel.clock.monotonic()
    let isNews = told.withLock { told in
      if sinks == told.sinks { return false }
      if !sinks.isEmpty {
        if let at = told.at, now &- at < distance { return false }
        told.at = now
      }
      told.sinks = sinks
      return true
    }
    if isNews { tell(sinks) }
  }

  private func tell(_ sinks: [String]) {
    guard !sinks.isEmpty else { return logger.notice("what is decided is recorded again") }
    let names = sinks.joined(separator: ", ")
    if kernel.configuration.auditOnFailure == .allow {
      logger.warning("requests go unrecorded: \(names)", metadata: ["code": "audit_failing"])
    } else {
      logger.warning(
        "what is decided can't be recorded, so it is denied: \(names)",
        metadata: ["code": "audit_unavailable"])
    }
  }
}
