/// Finds every fault of a registry and its configuration.
package enum ConfigurationCheck {
  package static func faults(
    of registry: borrowing Registry, _ configuration: KernelConfiguration
  ) -> [ConfigurationFault] {
    pluginFaults(registry) + choiceFaults(registry, configuration) + valueFaults(configuration)
  }

  /// Missing plugins and names given twice.
  private static func pluginFaults(_ registry: borrowing Registry) -> [ConfigurationFault] {
    var faults: [ConfigurationFault] = []
    func exactlyOne(_ ids: [String], _ setting: String, _ kind: String) {
      if ids.isEmpty {
        faults.append(
          ConfigurationFault(
            setting: setting, problem: "no \(kind) is registered", remedy: "Register one \(kind)."))
      } else if ids.count > 1 {
        faults.append(
          ConfigurationFault(
            setting: setting, value: ids.joined(separator: ", "),
            problem: "more than one \(kind) is registered", remedy: "Register exactly one \(kind).")
        )
      }
    }
    exactlyOne(registry.stores.map(\.id), "store", "store")
    exactlyOne(registry.primitives.map(\.id), "primitives", "primitives plugin")
    if registry.sessionIssuers.count > 1 {
      exactlyOne(registry.sessionIssuers.map(\.id), "sessions", "session issuer")
    }
    if registry.extractors.isEmpty {
      faults.append(
        ConfigurationFault(
          setting: "extract", problem: "no extractor is registered, so no request could be allowed",
          remedy: "Name at least one header, scheme, query item or form field."))
    }
    let catchAlls = registry.formats.filter { $0 is any CatchAllFormat }.map(\.name)
    if catchAlls.count > 1 {
      faults.append(
        ConfigurationFault(
          setting: "token", value: catchAlls.joined(separator: ", "),
          problem: "more than one format claims what no other does",
          remedy: "Register one of them."))
    }
    for id in repeated(registry.plugins.map(\.id)) {
      faults.append(
        ConfigurationFault(
          plugin: id, setting: "plugins", problem: "two plugins have this id",
          remedy: "Remove one, or give it an id of its own."))
    }
    for name in repeated(registry.hashers.map(\.algorithm)) {
      faults.append(
        ConfigurationFault(
          setting: "hash", value: name, problem: "two hashers have this algorithm",
          remedy: "Remove one of them."))
    }
    for name in repeated(registry.formats.map(\.name)) {
      faults.append(
        ConfigurationFault(
          setting: "token", value: name, problem: "two formats have this name",
          remedy: "Remove one of them."))
    }
    return faults
  }

  /// Names in the configuration that no plugin answers to.
  private static func choiceFaults(
    _ registry: borrowing Registry, _ configuration: KernelConfiguration
  ) -> [ConfigurationFault] {
    var faults: [ConfigurationFault] = []
    if let store = registry.stores.first, !(store is any DurableKeyStore) {
      for listener in registry.listeners {
        guard let cursor = listener.durableCursor else { continue }
        faults.append(
          ConfigurationFault(
            plugin: listener.id, setting: "store", value: store.id,
            problem: "the store keeps no cursors, and \(cursor) needs one for durable delivery",
            remedy: "Use a store that is a DurableKeyStore, or another delivery."))
      }
    }
    let formats = registry.formats.map(\.name)
    func known(_ name: String, in names: [String], _ setting: String, _ kind: String) {
      if names.contains(name) { return }
      let isReadOnly =
        registry.hashers.contains { $0 is any VerifyOnlyHasher && $0.algorithm == name }
        || registry.formats.contains { $0 is any CatchAllFormat && $0.name == name }
      faults.append(
        ConfigurationFault(
          setting: setting, value: name,
          problem: isReadOnly
            ? "this \(kind) only reads what other systems made" : "no such \(kind) is registered",
          remedy: names.isEmpty
            ? "Register a \(kind)." : "Choose one of: \(names.joined(separator: ", "))."))
    }
    known(configuration.preferredHasher, in: writing(registry), "hash.preferred", "hasher")
    known(configuration.tokenFormat, in: issuing(registry), "token.format", "format")
    for name in configuration.acceptedFormats {
      known(name, in: formats, "token.accept", "format")
    }
    return faults
  }

  /// Algorithms that can hash new secrets.
  private static func writing(_ registry: borrowing Registry) -> [String] {
    registry.hashers.filter { !($0 is any VerifyOnlyHasher) }.map(\.algorithm)
  }

  /// Formats that can build new tokens.
  private static func issuing(_ registry: borrowing Registry) -> [String] {
    registry.formats.filter { !($0 is any CatchAllFormat) }.map(\.name)
  }

  /// Values outside their range.
  private static func valueFaults(_ configuration: KernelConfiguration) -> [ConfigurationFault] {
    var faults: [ConfigurationFault] = []
    func check(
      _ holds: Bool, _ setting: String, _ value: some CustomStringConvertible, _ problem: String,
      _ remedy: String
    ) {
      if !holds {
        faults.append(
          ConfigurationFault(
            setting: setting, value: value.description, problem: problem, remedy: remedy))
      }
    }
    func range(_ value: Int, _ range: ClosedRange<Int>, _ setting: String) {
      check(
        range.contains(value), setting, value, "out of range",
        "Give \(range.lowerBound) to \(range.upperBound).")
    }
    let namespace = configuration.namespace.utf8
    check(
      (1...246).contains(namespace.count)
        && namespace.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && $0 != 0x2C },
      "token.namespace", configuration.namespace,
      "must be 1 to 246 bytes of visible ASCII without ':' or ','", "Choose a name such as tok.")
    range(configuration.identifierLength, 4...64, "token.identifier_length")
    range(configuration.secretLength, 16...128, "token.secret_length")
    range(configuration.hashPoolWidth, 0...1_024, "hash.pool_width")
    range(configuration.hashQueueLimit, 0...1_000_000, "hash.queue_limit")
    range(configuration.cacheEntries, 0...100_000_000, "cache.entries")
    range(configuration.wrongCacheEntries, 0...100_000_000, "cache.wrong_entries")
    range(configuration.limitEntries, 1...100_000_000, "limits.entries")
    range(configuration.maxKeysPerOwner, -1...1_000_000_000, "keys.max_per_owner")
    check(
      configuration.hashDeadline > .zero && configuration.hashDeadline <= .seconds(60),
      "hash.deadline", configuration.hashDeadline, "out of range", "Give 1ms to 60s.")
    check(
      configuration.lease >= .milliseconds(20) && configuration.lease <= .seconds(60),
      "cache.lease", configuration.lease, "out of range", "Give 20ms to 60s.")
    check(
      configuration.maxStale >= .zero && configuration.maxStale <= .seconds(60),
      "cache.max_stale", configuration.maxStale, "out of range", "Give 0s to 60s.")
    check(
      NodeCard.isName(configuration.nodeName), "node.name", configuration.nodeName,
      "must be 1 to 64 visible ASCII characters", "Choose a name such as web-1.")
    for days in configuration.expiryNoticeDays {
      check(
        (1...3_650).contains(days), "keys.expiring_notice", days, "out of range",
        "Give whole days, 1d to 3650d.")
    }
    if let unused = configuration.suspendUnused {
      check(
        unused >= .seconds(86_400) && unused <= .seconds(36_500 * 86_400), "keys.suspend_unused",
        unused, "out of range", "Give 1d to 36500d, or never.")
    }
    if let interval = configuration.sweepInterval {
      check(
        interval >= .seconds(1) && interval <= .seconds(86_400), "keys.sweep_interval", interval,
        "out of range", "Give 1s to 1d, or never.")
    }
    let usageInterval = configuration.usageFlushInterval
    check(
      usageInterval >= .seconds(1) && usageInterval <= .seconds(86_400), "keys.usage_interval",
      usageInterval, "out of range", "Give 1s to 1d.")
    if let name = configuration.firstKeyName {
      check(
        (try? LifecycleRules.checkName(name)) != nil, "owners.first_key", name, "not a key's name",
        "Give 1 to 128 characters, or nothing.")
    }
    if let expiry = configuration.defaultExpiry {
      check(
        expiry > .zero && expiry <= LifecycleRules.longestLife, "keys.default_expiry", expiry,
        "out of range", "Give a duration up to 36500d, or never.")
    }
    for scope in configuration.availableScopes where !ScopeSet.isValid(scope) {
      check(
        false, "scopes.available", scope, "not a scope name",
        "Use printable ASCII without spaces.")
    }
    for scope in configuration.defaultScopes {
      check(
        LifecycleRules.isKnown(scope, configuration), "scopes.default", scope,
        "not an available scope", "Add it to scopes.available.")
    }
    return faults
  }

  /// What is missing that hashes in the store need.
  package static func fault(of use: HashUse, algorithms: Set<String>) -> ConfigurationFault {
    let parts = use.scheme.split(separator: "$", maxSplits: 1).map(String.init)
    let secrets =
      use.count == 1 ? "1 secret in the store needs" : "\(use.count) secrets in the store need"
    guard parts.count == 2 else {
      return ConfigurationFault(
        setting: "hash", value: use.scheme,
        problem: "\(secrets) this hasher, and it is not registered",
        remedy: "Register a hasher for \(use.scheme), or revoke or rotate those keys with a "
          + "configuration that has it.")
    }
    let isThere = algorithms.contains(parts[0])
    return ConfigurationFault(
      setting: "hash.pepper_files", value: parts[1],
      problem: "\(secrets) this pepper of \(parts[0]), and it is not configured",
      remedy:
        "\(isThere ? "Add" : "Name") its file: \(parts[1])=PATH. To retire a pepper, rotate or "
        + "revoke the keys that need it first.")
  }

  private static func repeated(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    var twice: [String] = []
    for name in names where !seen.insert(name).inserted && !twice.contains(name) {
      twice.append(name)
    }
    return twice
  }
}
