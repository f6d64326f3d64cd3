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
        return try .json(Status(status: "ready", warnings: warnings.isEmpty ? nil : warnings))
      }
      throw readiness.storeReachable
        ? Problem(
          status: 503, code: "lease_expired",
          detail: "the store's log has not been followed for longer than the lease")
        : Problem(status: 503, code: "store_unavailable", detail: "the store does not answer")
    }
  }
}
