import CardeaKernel
import Logging
import ServiceLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Logs what is wrong with the time and with the nodes of the store: once when it begins, and once when it is over. What
/// comes and goes is told once a minute at most.
///
/// Threading: any thread.
final class NodeWatch: Service, CustomStringConvertible {
  private static let interval: Duration = .seconds(1)
  /// Nanoseconds between two times that one warning is told.
  private static let distance: UInt64 = 60_000_000_000

  let description = "node watch"
  private let kernel: AuthKernel
  private let logger: Logger
  private let told = Locked<[String: Told]>([:])

  private struct Told: Sendable {
    let at: UInt64
    let warning: NodeWarning
    var isOver = false
  }

  init(_ kernel: AuthKernel, _ logger: Logger) {
    self.kernel = kernel
    self.logger = logger
  }

  /// Looks until the server stops.
  func run() async throws {
    await kernel.refreshNodes()
    await cancelWhenGracefulShutdown { [self] in
      repeat { look() } while (try? await Task.sleep(for: NodeWatch.interval)) != nil
    }
  }

  /// Tells what is new since it was done before.
  func look() {
    let now = kernel.clock.monotonic()
    let warnings = Dictionary(kernel.nodeWarnings.map { ($0.identity, $0) }) { first, _ in first }
    let (begun, over) = told.withLock { told in
      var begun: [NodeWarning] = []
      var over: [NodeWarning] = []
      for (identity, before) in told where warnings[identity] == nil {
        if !before.isOver { over.append(before.warning) }
        told[identity]?.isOver = true
        if now &- before.at >= NodeWatch.distance { told[identity] = nil }
      }
      for (identity, warning) in warnings {
        if let before = told[identity], !before.isOver || now &- before.at < NodeWatch.distance {
          continue
        }
        told[identity] = Told(at: now, warning: warning)
        begun.append(warning)
      }
      return (begun, over)
    }
    for warning in begun {
      logger.warning("\(warning.detail)", metadata: ["code": "\(warning.code)"])
    }
    for warning in over {
      logger.notice("no longer so: \(warning.detail)", metadata: ["code": "\(warning.code)"])
    }
  }
}
