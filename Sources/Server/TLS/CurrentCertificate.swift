import CardeaContracts
import Logging
import ServiceLifecycle

/// The certificate that handshakes are made with, read anew when its files change.
///
/// Connections keep the one that they began with. New files that can't be used change nothing but the log and the
/// warnings, and are tried again. Threading: any thread.
final class CurrentCertificate: Service, CustomStringConvertible {
  /// How often the files are looked at. What is new is read once it was the same twice, so that nothing is read while
  /// it is written, nor between two files that are replaced one after the other.
  private static let interval: Duration = .seconds(1)
  /// How often a certificate that ends soon is warned of, in looks.
  private static let looksPerDay = 86_400
  /// How often files are tried again that could not be used, in looks.
  private static let looksPerRetry = 60

  let description = "certificate"
  private let files: TLSFiles
  private let clock: any KernelClock
  private let logger: Logger
  private let stamp: TLSFiles.Stamp
  private let current: Locked<ServerCertificate>
  /// Why the newest files are not taken; `nil` if they are.
  private let refusal = Locked<String?>(nil)

  /// Reads the files.
  init(_ files: TLSFiles, _ clock: any KernelClock, _ logger: Logger) throws(ConfigurationFault) {
    self.files = files
    self.clock = clock
    self.logger = logger
    // Before they are read: what changes meanwhile is seen to have changed.
    stamp = TLSFiles.Stamp(files)
    current = Locked(try ServerCertificate(files))
    warn(of: value)
  }

  var value: ServerCertificate { current.withLock { $0 } }

  /// What `/readyz` says of it.
  var warnings: [ReadinessWarning] {
    var warnings: [ReadinessWarning] = []
    if value.endsSoon(at: clock.now()) { warnings.append(.certificateEnds) }
    if refusal.withLock({ $0 }) != nil { warnings.append(.certificateNotTaken) }
    return warnings
  }

  /// Follows the files until the server stops.
  func run() async throws {
    await cancelWhenGracefulShutdown { [self] in await follow() }
  }

  private func follow() async {
    var known = stamp
    var seen = stamp
    var looks = 0
    while (try? await Task.sleep(for: CurrentCertificate.interval)) != nil {
      looks += 1
      if looks.isMultiple(of: CurrentCertificate.looksPerDay) { warn(of: value) }
      let found = TLSFiles.Stamp(files)
      defer { seen = found }
      let isRetry =
        looks.isMultiple(of: CurrentCertificate.looksPerRetry) && refusal.withLock { $0 } != nil
      guard found == seen, found != known || isRetry else { continue }
      known = found
      reload()
    }
  }

  private func reload() {
    do throws(ConfigurationFault) {
      let new = try ServerCertificate(files)
      current.withLock { $0 = new }
      refusal.withLock { $0 = nil }
      logger.notice("the certificate was replaced", metadata: metadata(new))
      warn(of: new)
    } catch {
      let reason = error.description
      let isNew = refusal.withLock { refusal in
        defer { refusal = reason }
        return refusal != reason
      }
      guard isNew else { return }
      logger.error("the new certificate is not taken, the old one stays: \(reason)")
    }
  }

  private func warn(of certificate: ServerCertificate) {
    guard certificate.endsSoon(at: clock.now()) else { return }
    logger.warning(
      "the certificate, or one that leads to its root, ends soon or has ended",
      metadata: metadata(certificate))
  }

  private func metadata(_ certificate: ServerCertificate) -> Logger.Metadata {
    ["expires_at": "\(certificate.expiresAt.rfc3339)"]
  }
}
