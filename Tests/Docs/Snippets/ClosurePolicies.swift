import CardeaContracts

/// Registers the policies of the guide that are closures.
func registerClosures(
  in registry: inout Registry, isWeekend: @escaping @Sendable (Timestamp) -> Bool,
  isTooFast: @escaping @Sendable (String?) -> Bool
) {
  registry.use(policy: "policy.read_only_weekend") { context in
    isWeekend(context.now) && context.request.method != "GET"
      ? .deny(PolicyDenial(code: "weekend")) : .pass
  }
  registry.use(policy: "policy.rate_limit_hook", at: .beforeVerification) { context in
    isTooFast(context.request.clientAddress)
      ? .deny(PolicyDenial(code: "too_fast", status: .tooManyRequests, retryAfter: .seconds(1)))
      : .pass
  }
}
