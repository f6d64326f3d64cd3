import CardeaContracts
import CardeaPluginTestKit
import Testing

@testable import CardeaPolicies

@Suite("lists of what is allowed")
struct AllowListTests {
  private func code(_ policy: some Policy, _ context: PolicyContext) throws -> String? {
    try policy.evaluate(context).denial?.code
  }

  @Test(
    arguments: [
      ("192.0.2.7", nil), ("192.0.2.128", "address_not_allowed"),
      ("::ffff:192.0.2.7", nil), ("2001:db8::1", nil), ("2001:db9::1", "address_not_allowed"),
      (nil, "unknown_address"), ("", "unknown_address"), ("unknown", "unknown_address"),
      ("192.0.2.7:80", "unknown_address"),
    ] as [(String?, String?)])
  func addresses(address: String?, expected: String?) throws {
    let policy = try AllowedAddressesPolicy(networks: ["192.0.2.0/25", "2001:db8::/32"])
    #expect(try code(policy, context(address: address)) == expected)
  }

  @Test func aKeysOwnAddressesComeFromItsMetadata() throws {
    let policy = try AllowedAddressesPolicy(networks: ["192.0.2.0/24"], perKey: true)
    func key(_ value: JSONValue) -> Identity {
      .sample(metadata: ["allowed_addresses": value])
    }
    #expect(try code(policy, context()) == nil)
    #expect(try code(policy, context(key(.array([.string("192.0.2.7/32")])))) == nil)
    #expect(
      try code(policy, context(key(.array([.string("192.0.2.8")])))) == "address_not_allowed")
    #expect(
      try code(policy, context(key(.array([.string("10.0.0.0/8")])), address: "10.0.0.1"))
        == "address_not_allowed", "the list of all keys counts too")
    #expect(try code(policy, context(key(.array([])))) == "address_not_allowed")
    #expect(try code(policy, context(key(.null))) == nil)
    for value: JSONValue in [
      .string("192.0.2.7"), .array([.integer(1)]), .array([.string("192.0.2.1/24")]),
      .array([.string("10.0.0.0/33")]), .object([:]),
    ] {
      #expect(throws: MetadataFault.self) { try policy.evaluate(context(key(value))) }
      #expect(throws: MetadataFault.self) {
        try policy.check(metadata: ["allowed_addresses": value])
      }
    }
  }

  @Test(arguments: ["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "localhost", "::/129", "1.2.3"])
  func aMalformedNetworkIsNamed(text: String) {
    let fault = fault { _ = try AllowedAddressesPolicy(networks: ["10.0.0.0/8", text]) }
    #expect(fault?.plugin == "policy.allowed_addresses")
    #expect(fault?.setting == "networks")
    #expect(fault?.value == text)
  }

  @Test(
    arguments: [
      ("GET", "/orders", nil), ("GET", "/orders/1", nil), ("GET", "/orders/", nil),
      ("GET", "/orders/a;b=c", nil), ("GET", "/%6Frders", nil),
      ("GET", "/orders2", "path_not_allowed"), ("GET", "/", "path_not_allowed"),
      ("GET", "/Orders", "path_not_allowed"), ("POST", "/orders", "method_not_allowed"),
      ("get", "/orders", "method_not_allowed"), ("", "/orders", "unknown_method"),
      ("GET", "", "unknown_path"), ("", "", "unknown_method"),
      ("GET", "/orders/../admin", "unknown_path"), ("GET", "/orders/%2e%2e/admin", "unknown_path"),
      ("GET", "/orders/..;/admin", "unknown_path"), ("GET", "/orders/..%2fadmin", "unknown_path"),
      ("GET", "/orders%2F..%2Fadmin", "unknown_path"), ("GET", "/orders//admin", "unknown_path"),
      ("GET", "/orders/..\\admin", "unknown_path"), ("GET", "/orders/%5c..", "unknown_path"),
      ("GET", "/orders/%252e%252e/admin", "unknown_path"), ("GET", "/orders/%00", "unknown_path"),
      ("GET", "/orders/%", "unknown_path"), ("GET", "orders", "unknown_path"),
      ("GET", "http://x/orders", "unknown_path"),
    ] as [(String, String, String?)])
  func routes(method: String, path: String, expected: String?) throws {
    let policy = try AllowedRoutesPolicy(methods: ["GET", "HEAD"], paths: ["/orders", "/public/"])
    #expect(try code(policy, context(method: method, path: path)) == expected)
  }

  @Test func aKeysOwnRoutesComeFromItsMetadata() throws {
    let policy = try AllowedRoutesPolicy(perKey: true)
    func key(_ metadata: [String: JSONValue]) -> Identity { .sample(metadata: metadata) }
    let reader = key(["allowed_methods": .array([.string("GET")])])
    #expect(try code(policy, context(reader)) == nil)
    #expect(try code(policy, context(reader, method: "POST")) == "method_not_allowed")
    #expect(try code(policy, context(reader, path: "")) == nil, "no list asks for the path")
    let orders = key(["allowed_paths": .array([.string("/orders")])])
    #expect(try code(policy, context(orders)) == nil)
    #expect(try code(policy, context(orders, path: "/admin")) == "path_not_allowed")
    #expect(try code(policy, context(key(["allowed_paths": .array([])]))) == "path_not_allowed")
    #expect(try code(policy, context(.sample(), method: "", path: "")) == nil)
    for metadata: [String: JSONValue] in [
      ["allowed_methods": .string("GET")], ["allowed_methods": .array([.string("get")])],
      ["allowed_paths": .array([.string("orders")])], ["allowed_paths": .bool(true)],
      ["allowed_paths": .array([.string("/a/../b")])],
    ] {
      #expect(throws: MetadataFault.self) { try policy.evaluate(context(key(metadata))) }
      #expect(throws: MetadataFault.self) { try policy.check(metadata: metadata) }
    }
  }

  @Test func malformedRoutesAreNamed() {
    #expect(fault { _ = try AllowedRoutesPolicy(methods: ["get"]) }?.setting == "methods")
    #expect(fault { _ = try AllowedRoutesPolicy(methods: ["GET", ""]) }?.setting == "methods")
    for path in ["", "orders", "/a//b", "/a/..", "/a?b=c d", "/%2f"] {
      #expect(fault { _ = try AllowedRoutesPolicy(paths: [path]) }?.value == path, "\(path)")
    }
  }
}
