import CardeaKernel

/// What endpoints may be given.
enum WebhookRules {
  /// The names in order, each once.
  static func signals(_ given: [String]) throws(LifecycleError) -> [String] {
    let known = SignalBus.changeNames
    for name in given where !known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
      throw .invalid(field: "signals", reason: "must be of \(known.joined(separator: ", "))")
    }
    return Set(given).sorted()
  }
}
