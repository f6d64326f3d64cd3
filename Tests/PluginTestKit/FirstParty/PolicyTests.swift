import Cardea
import CardeaPluginTestKit
import Testing

@Suite("the policies that come with Cardea keep every promise")
struct FirstPartyPolicyTests {
  private static func context(
    _ identity: Identity = .sample(), method: String = "GET", path: String = "/orders",
    address: String? = "192.0.2.7"
  ) -> PolicyContext {
    .sample(
      identity,
      request: RequestFacts(method: method, path: path, clientAddress: address))
  }

  static let addresses = PolicyPromises(samples: [
    .passes(context()),
    .denies(context(address: "198.51.100.1"), code: "address_not_allowed"),
    .denies(context(address: nil), code: "unknown_address"),
    .denies(
      context(.sample(metadata: ["allowed_addresses": .array([])])), code: "address_not_allowed"),
  ]) { try AllowedAddressesPolicy(networks: ["192.0.2.0/24"], perKey: true) }.all

  static let routes = PolicyPromises(samples: [
    .passes(context()),
    .denies(context(method: "DELETE"), code: "method_not_allowed"),
    .denies(context(path: "/admin"), code: "path_not_allowed"),
    .denies(context(method: ""), code: "unknown_method"),
    .denies(context(path: ""), code: "unknown_path"),
  ]) { try AllowedRoutesPolicy(methods: ["GET"], paths: ["/orders"], perKey: true) }.all

  static let rates = PolicyPromises(samples: [
    .passes(context()),
    .passes(context(.sample(metadata: ["rate_limit": .string("5/1m")]))),
    .denies(context(path: ""), code: "unknown_route"),
  ]) {
    try RateLimitPolicy(
      [RateLimitRule("minute 1000000/1m burst=1000000 path=/")], perKey: true)
  }.all

  static let quotas = PolicyPromises(samples: [
    .passes(context()),
    .denies(context(path: ""), code: "unknown_route"),
  ]) { try RefillingQuotaPolicy([QuotaRule("calls 1000000 daily path=/")], perKey: true) }.all

  @Test(arguments: addresses) func allowedAddresses(_ promise: Promise) async throws {
    try await promise.check()
  }
  @Test(arguments: routes) func allowedRoutes(_ promise: Promise) async throws {
    try await promise.check()
  }
  @Test(arguments: rates) func rateLimits(_ promise: Promise) async throws {
    try await promise.check()
  }
  @Test(arguments: quotas) func refillingQuotas(_ promise: Promise) async throws {
    try await promise.check()
  }
}
