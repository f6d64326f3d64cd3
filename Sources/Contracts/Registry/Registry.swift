/// Where plugins are registered before the kernel is built.
///
/// It is consumed by ``AuthKernel/init(_:configuration:clock:meter:)``, so registering later does not compile.
/// Order of registration is order of use.
public struct Registry: ~Copyable {
  package var hashers: [any SecretHasher] = []
  package var formats: [any TokenFormat] = []
  package var extractors: [any CredentialExtractor] = []
  package var stores: [any KeyStore] = []
  package var policies: [any Policy] = []
  package var asyncPolicies: [any AsyncPolicy] = []
  package var listeners: [any SignalListener] = []
  package var auditSinks: [any AuditSink] = []
  package var asyncAuditSinks: [any AsyncAuditSink] = []
  package var primitives: [any Primitives] = []
  package var sessionIssuers: [any SessionIssuer] = []
  package var pages: [any PagePlugin] = []

  /// Without any plugin.
  public init() {}

  /// Registers a plugin through its kind.
  public mutating func use(_ plugin: some Plugin) { plugin.register(in: &self) }

  /// Registers every plugin of a bundle, in its order.
  public mutating func use(_ bundle: some PluginBundle) {
    for plugin in bundle.plugins { plugin.register(in: &self) }
  }

  /// A hasher. Like the others below it is called by the kind's own ``Plugin/register(in:)``; a plugin of several kinds
  /// calls one for each.
  public mutating func add(hasher: some SecretHasher) { hashers.append(hasher) }
  /// A format of tokens.
  public mutating func add(format: some TokenFormat) { formats.append(format) }
  /// Where tokens are looked for in a request.
  public mutating func add(extractor: some CredentialExtractor) { extractors.append(extractor) }
  /// The store; a kernel takes one.
  public mutating func add(store: some KeyStore) { stores.append(store) }
  /// A policy that decides at once.
  public mutating func add(policy: some Policy) { policies.append(policy) }
  /// A policy that asks somebody else.
  public mutating func add(asyncPolicy: some AsyncPolicy) { asyncPolicies.append(asyncPolicy) }
  /// A listener, which is subscribed when the kernel starts.
  public mutating func add(listener: some SignalListener) { listeners.append(listener) }
  /// A sink that records before it returns.
  public mutating func add(auditSink: some AuditSink) { auditSinks.append(auditSink) }
  /// A sink that has to wait for what it records to.
  public mutating func add(auditSink: some AsyncAuditSink) { asyncAuditSinks.append(auditSink) }
  /// The primitives; a kernel takes one.
  public mutating func add(primitives plugin: some Primitives) { primitives.append(plugin) }

  /// What makes session tokens; a kernel takes one at most.
  public mutating func add(sessionIssuer: some SessionIssuer) {
    sessionIssuers.append(sessionIssuer)
  }

  /// What is added to the admin page.
  public mutating func add(page: some PagePlugin) { pages.append(page) }

  /// Plugins of any kind that read keys' metadata.
  package var metadataReaders: [any MetadataChecking] {
    let all =
      policies as [any Plugin] + asyncPolicies + listeners + auditSinks + hashers + formats
      + extractors + stores
    return all.compactMap { $0 as? any MetadataChecking }
  }

  /// Every registered plugin, as (kind, id), in order within kind.
  public var plugins: [RegisteredPlugin] {
    func list(_ kind: String, _ plugins: [any Plugin]) -> [RegisteredPlugin] {
      plugins.map { RegisteredPlugin(kind: kind, id: $0.id) }
    }
    return list("primitives", primitives) + list("hasher", hashers) + list("format", formats)
      + list("extractor", extractors) + list("store", stores) + list("policy", policies)
      + list("policy", asyncPolicies) + list("listener", listeners)
      + list("audit", auditSinks) + list("audit", asyncAuditSinks)
      + list("sessions", sessionIssuers) + list("page", pages)
  }
}
