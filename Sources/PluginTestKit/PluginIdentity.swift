import CardeaContracts

/// What every plugin promises, whatever its kind.
/// - Parameters:
///   - kind: the kind as `cardea plugins` lists it.
///   - make: makes a plugin as it would be registered.
func identityPromises(
  kind: String, _ make: @escaping @Sendable () throws -> any Plugin
) -> [Promise] {
  [
    Promise("has a stable id, namespaced by kind") {
      let plugin = try make()
      let id = plugin.id
      let parts = id.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      try require(
        parts.count >= 2 && parts[0].elementsEqual(kind.utf8),
        "the id is \"\(id)\"; it should be \"\(kind).\" and a name")
      try require(
        parts.allSatisfy { !$0.isEmpty } && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
        "the id is \"\(id)\"; it should be of visible ASCII, with something between the dots")
      try require(plugin.id, is: id, "the id the second time")
      try require(try make().id, is: id, "the id of another instance")
    },
    Promise("registers itself once, under its id and kind") {
      let plugin = try make()
      var registry = Registry()
      registry.use(plugin)
      let registered = registry.plugins
      try require(
        registered.count == 1 && registered[0].kind == kind && registered[0].id == plugin.id,
        "registering it gave \(registered.map { "\($0.kind) \($0.id)" })")
    },
  ]
}

/// Small letters, digits and `_`.
func isNameByte(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
}

/// Whether this is a name such as `customer_retired`: 1 to 64 small letters, digits and `_`.
func isName(_ text: String) -> Bool {
  (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
}
