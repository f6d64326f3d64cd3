/// A policy whose limits all nodes count together where they share a store that can: a ``QuotaStore``.
package protocol LeasingPolicy: Policy {
  /// From here on its limits are counted in leases. Called once, before the first request, unless the store is this
  /// process's alone.
  func lease(from leases: QuotaLeases)
}
