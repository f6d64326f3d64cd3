import CardeaContracts
import CardeaPluginTestKit
import Testing

/// 2026-11-21T00:00:00Z.
let start = Timestamp(milliseconds: 1_795_219_200_000)

func context(
  _ identity: Identity? = .sample(), method: String = "GET", path: String = "/orders",
  address: String? = "192.0.2.7", at now: Timestamp = start, isRehearsal: Bool = false
) -> PolicyContext {
  PolicyContext(
    request: RequestFacts(method: method, path: path, clientAddress: address),
    prefix: identity?.prefix ?? "tok_sample1", identity: identity, now: now,
    isRehearsal: isRehearsal)
}

func after(_ milliseconds: Int64) -> Timestamp {
  Timestamp(milliseconds: start.milliseconds + milliseconds)
}

extension PolicyDecision {
  var denial: PolicyDenial? {
    if case .deny(let denial) = self { denial } else { nil }
  }

  var passes: Bool { denial == nil }
}

/// The fault that making something throws.
func fault(_ make: () throws -> Void) -> ConfigurationFault? {
  do {
    try make()
    return nil
  } catch {
    return error as? ConfigurationFault
  }
}
