import CardeaContracts

/// What endpoints may be given.
enum WebhookRules {
  /// The names in order, each once.
  static func signals(_ given: [String]) throws(LifecycleError) -> [String] {
    let known = SignalCatalogue.changeNames
    for name in given where !known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
      throw .invalid(field: "signals", reason: "must be of \(known.joined(separator: ", "))")
    }
    return Set(given).sorted()
  }

  /// Deliveries may go there.
  static func check(url text: String, allow: [CIDR]) throws(LifecycleError) {
    let url = try WebhookURL(text)
    guard url.isEncrypted || !allow.isEmpty else {
      throw .invalid(
        field: "url", reason: "must be an https URL: http goes only where webhooks.allow says")
    }
    if let address = url.address,
      !AddressRule(allow: allow).permits(address, isEncrypted: url.isEncrypted)
    {
      throw .invalid(
        field: "url", reason: "\(address) is not public, and webhooks.allow does not name it")
    }
  }
}
