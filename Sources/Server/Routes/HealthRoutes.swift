import CardeaHTTPTypes
import CardeaKernel
import CardeaWebhooks
import Hummingbird

/// `/healthz`: the process answers. `/readyz`: it can decide, since the store answers, the lease holds and what is
/// decided can be recorded.
enum HealthRoutes {
  private struct Status: Encodable {
    let status: String
    /// What does not stop the server but should be put right.
    var warnings: [String]?
    /// What is wrong with the nodes of the store, without their names.
    var nodeWarnings: [Warning]?

    struct Warning: Encodable {
      let code: String
      let detail: String
    }

    private enum CodingKeys: String, CodingKey {
      case status, warnings
      case nodeWarnings = "node_warnings"
    }
  }

  static func add(
    to table: inout RouteTable, certificate: CurrentCertificate?, webhooks: Webhooks?
  ) {
    table.get("/healthz") { _ in try .json(Status(status: "ok")) }
    table.get("/readyz") { exchange in
      let kernel = exchange.kernel
      let readiness = await kernel.readiness()
      guard readiness.isReady else { throw problem(readiness, of: kernel) }
      var warnings =
        exchange.addresses.hasSeenUnknown ? [ReadinessWarning.noClientAddress] : []
      warnings += certificate?.warnings ?? []
      warnings += ReadinessWarning.all(readiness, kernel.figures())
      let codes = warnings.map(\.rawValue) + (webhooks?.warnings.map(\.rawValue) ?? [])
      let nodes = kernel.nodeWarnings.map {
        Status.Warning(code: $0.code, detail: $0.summary)
      }
      return try .json(
        Status(
          status: "ready", warnings: codes.isEmpty ? nil : codes,
          nodeWarnings: nodes.isEmpty ? nil : nodes))
    }
  }

  /// Names everything that is not ready; the code is that of what comes first.
  private static func problem(_ readiness: AuthKernel.Readiness, of kernel: AuthKernel) -> Problem {
    var problems: [Problem] = []
    if !readiness.storeReachable {
      problems.append(
        Problem(status: 503, code: "store_unavailable", detail: "the store does not answer"))
    }
    if !readiness.leaseValid {
      problems.append(
        Problem(
          status: 503, code: "lease_expired",
          detail: "the store's log has not been followed for longer than the lease"))
    }
    if !readiness.auditWorks {
      let sinks = readiness.failingSinks.joined(separator: ", ")
      problems.append(
        Problem(
          status: 503, code: "audit_unavailable",
          detail: "what is decided can't be recorded, so it is denied: \(sinks)"))
    }
    var problem = problems.first ?? Problem(status: 503, code: "failed")
    problem.detail = (problems.compactMap(\.detail) + said(by: kernel)).joined(separator: "; ")
    return problem
  }

  /// What the store has to say of itself, without names.
  private static func said(by kernel: AuthKernel) -> [String] {
    kernel.nodeWarnings.compactMap { if case .store = $0 { $0.summary } else { nil } }
  }
}
