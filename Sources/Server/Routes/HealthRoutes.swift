import CardeaHTTPTypes
import CardeaKernel
import Hummingbird

/// `/healthz`: the process answers. `/readyz`: it can decide, since the store answers and the lease
/// holds.
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
    to table: inout RouteTable, addresses: AddressWatch, certificate: CurrentCertificate?
  ) {
    table.get("/healthz") { _ in try .json(Status(status: "ok")) }
    table.get("/readyz") { exchange in
      let readiness = await exchange.kernel.readiness()
      if readiness.isReady {
        let warnings =
          (addresses.hasSeenUnknown ? ["no_client_address"] : []) + (certificate?.warnings ?? [])
        let nodes = exchange.kernel.nodeWarnings.map {
          Status.Warning(code: $0.code, detail: $0.summary)
        }
        return try .json(
          Status(
            status: "ready", warnings: warnings.isEmpty ? nil : warnings,
            nodeWarnings: nodes.isEmpty ? nil : nodes))
      }
      throw readiness.storeReachable
        ? Problem(
          status: 503, code: "lease_expired",
          detail: detail(
            "the store's log has not been followed for longer than the lease", exchange.kernel))
        : Problem(
          status: 503, code: "store_unavailable",
          detail: detail("the store does not answer", exchange.kernel))
    }
  }

  /// With what the store has to say of itself, without names.
  private static func detail(_ reason: String, _ kernel: AuthKernel) -> String {
    let said = kernel.nodeWarnings.compactMap { if case .store = $0 { $0.summary } else { nil } }
    return ([reason] + said).joined(separator: "; ")
  }
}
