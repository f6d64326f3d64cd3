import CardeaKernel

/// What `/readyz` warns of: it makes the node no less ready, and should be put right. Those of webhooks are theirs
/// (``WebhookWarning``).
enum ReadinessWarning: String, CaseIterable {
  case noClientAddress = "no_client_address"
  case certificateEnds = "certificate_ends"
  case certificateNotTaken = "certificate_not_taken"
  /// Nothing can be recorded, and what is not recorded is allowed all the same.
  case auditFailing = "audit_failing"
  /// The store does not take what the spools hold.
  case auditBehind = "audit_behind"
  case hashPoolFull = "hash_pool_full"
  case subscriptionStuck = "subscription_stuck"
  case subscriptionBehind = "subscription_behind"

  /// What the kernel tells of itself, without the names of subscriptions.
  static func all(
    _ readiness: AuthKernel.Readiness, _ figures: KernelFigures
  ) -> [ReadinessWarning] {
    var warnings: [ReadinessWarning] = []
    if !readiness.failingSinks.isEmpty { warnings.append(.auditFailing) }
    if figures.isAccessLogStuck { warnings.append(.auditBehind) }
    if figures.hashPool.isFull { warnings.append(.hashPoolFull) }
    if figures.subscriptions.contains(where: \.isStuck) { warnings.append(.subscriptionStuck) }
    if figures.subscriptions.contains(where: \.isBehind) { warnings.append(.subscriptionBehind) }
    return warnings
  }
}
