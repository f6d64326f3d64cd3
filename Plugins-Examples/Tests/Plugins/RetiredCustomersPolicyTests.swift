import CardeaContracts
import CardeaPluginTestKit
import Foundation
import RetiredCustomersPolicy
import Testing

@Suite struct RetiredCustomersPolicyTests {
  private static let samples: [PolicySample] = [
    .passes(.sample(.sample(1, owner: "alice"))), .passes(.sample(.sample(2))),
    .denies(.sample(.sample(3, owner: "bob")), code: "customer_retired"),
  ]

  static let promises = AsyncPolicyPromises(samples: samples, unconcerned: [.sample(2)]) {
    RetiredCustomersPolicy { $0 == "bob" }
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func readsTheFileAgainOnEachRequest() async throws {
    let folder = Folder()
    let file = folder.file("retired.txt")
    try Data().write(to: URL(filePath: file))
    let policy = try #require(
      try RetiredCustomersPolicy.make(settings: SettingValues(["file": .string(file)])))
    let bob = PolicyContext.sample(.sample(3, owner: "bob"))
    #expect(try await policy.evaluate(bob) == .pass)
    try Data("alice\nbob\n".utf8).write(to: URL(filePath: file))
    #expect(try await policy.evaluate(bob) == .deny(PolicyDenial(code: "customer_retired")))
    try FileManager.default.removeItem(atPath: file)
    await #expect(throws: (any Error).self) { try await policy.evaluate(bob) }
  }

  static let configuration = ConfigurationPromises(
    RetiredCustomersPolicy.self, accepted: [SettingValues(["file": .string("/dev/null")])],
    refused: [SettingValues(["file": .string("/nowhere/retired.txt")])]
  ).all

  @Test(arguments: configuration) func keepsConfigured(_ promise: Promise) async throws {
    try await promise.check()
  }
}
