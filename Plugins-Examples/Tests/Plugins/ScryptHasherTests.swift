import CardeaContracts
import CardeaPluginTestKit
import ScryptHasher
import Testing

@Suite struct ScryptHasherTests {
  static let promises = HasherPromises(
    known: [
      // Made by Python's hashlib.scrypt(b"password", salt=b"NaClNaCl", n=1024, r=8, p=1, dklen=32).
      .init(
        secret: "password",
        hash: "scrypt_example$10$TmFDbE5hQ2w=$8wGlwXmNXS2n1KDaxmhQaPHcojxLhIixEr3YNcqC+84=")
    ],
    outdated: ["scrypt_example$11$TmFDbE5hQ2w=$8wGlwXmNXS2n1KDaxmhQaPHcojxLhIixEr3YNcqC+84="],
    beyondCeiling: ["scrypt_example$20$TmFDbE5hQ2w=$8wGlwXmNXS2n1KDaxmhQaPHcojxLhIixEr3YNcqC+84="]
  ) { ScryptHasher(exponent: 10) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  static let configuration = ConfigurationPromises(
    ScryptHasher.self,
    accepted: [SettingValues([:]), SettingValues(["cost": .integer(12)])],
    refused: [SettingValues(["cost": .integer(9)]), SettingValues(["cost": .integer(20)])]
  ).all

  @Test(arguments: configuration) func keepsConfigured(_ promise: Promise) async throws {
    try await promise.check()
  }
}
