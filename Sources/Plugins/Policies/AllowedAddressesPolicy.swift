import CardeaContracts

/// Lets keys in from listed networks only.
///
/// A list for all keys, and with `per_key` one in the metadata of a key (`"allowed_addresses": ["192.0.2.0/24"]`);
/// a key with both needs both. An empty list of a key's own lets it in from nowhere. A client without an address,
/// or with one that can't be read, is denied wherever a list applies.
///
/// Threading: any thread.
public struct AllowedAddressesPolicy: ConfigurablePlugin, Policy, MetadataChecking {
  public static let id = "policy.allowed_addresses"

  public static let settings = [
    SettingDeclaration(
      "networks", .strings, default: "[]",
      "Networks (CIDR, IPv4 and IPv6) that any key is let in from; [] is everywhere."),
    SettingDeclaration(
      "per_key", .boolean, default: "false",
      "Whether a key's metadata may name its networks: allowed_addresses: [\"192.0.2.0/24\"]."),
  ]

  /// The field of a key's metadata.
  static let field = "allowed_addresses"

  private let networks: [CIDR]
  private let perKey: Bool

  /// `nil` if neither all keys nor single ones can have a list.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> AllowedAddressesPolicy? {
    let networks = settings.strings("networks") ?? []
    let perKey = settings.boolean("per_key") ?? false
    if networks.isEmpty, !perKey { return nil }
    return try AllowedAddressesPolicy(networks: networks, perKey: perKey)
  }

  /// - Parameters:
  ///   - networks: of all keys; empty is everywhere.
  ///   - perKey: whether a key's metadata may have a list of its own.
  public init(networks: [String] = [], perKey: Bool = false) throws(ConfigurationFault) {
    var read: [CIDR] = []
    for text in networks {
      guard let network = CIDR(text) else {
        throw ConfigurationFault(
          plugin: AllowedAddressesPolicy.id, setting: "networks", value: text,
          problem: "it is no network",
          remedy: "Write networks without bits beyond their length, such as 10.0.0.0/8 or "
            + "2001:db8::/32.")
      }
      read.append(network)
    }
    self.networks = read
    self.perKey = perKey
  }

  public func check(metadata: [String: JSONValue]) throws(MetadataFault) {
    if perKey { _ = try AllowedAddressesPolicy.ownNetworks(metadata) }
  }

  private static func ownNetworks(
    _ metadata: [String: JSONValue]
  ) throws(MetadataFault) -> [CIDR]? {
    guard let texts = try metadata.strings(field) else { return nil }
    var networks: [CIDR] = []
    for text in texts {
      guard let network = CIDR(text) else {
        throw MetadataFault(
          field: field, reason: "must be networks such as 192.0.2.0/24 or 2001:db8::/32")
      }
      networks.append(network)
    }
    return networks
  }

  public func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    let own =
      perKey
      ? try context.identity.flatMap { try AllowedAddressesPolicy.ownNetworks($0.metadata) } : nil
    if networks.isEmpty, own == nil { return .pass }
    guard let address = context.request.clientAddress.flatMap({ IPAddress($0) }) else {
      return .deny(PolicyDenial(code: "unknown_address"))
    }
    let isIn = networks.isEmpty || networks.contains { $0.contains(address) }
    let isInOwn = own?.contains { $0.contains(address) } ?? true
    return isIn && isInOwn ? .pass : .deny(PolicyDenial(code: "address_not_allowed"))
  }
}
