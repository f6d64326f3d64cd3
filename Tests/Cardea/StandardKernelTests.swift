import Cardea
import CardeaPluginTestKit
import Testing

@Suite struct StandardKernelTests {
  @Test(arguments: ["pbkdf2_sha512", "argon2id", "hmac_sha256"], ["keysmith", "underscore"])
  func issuesAKeyAndAuthenticatesIt(_ hasher: String, _ format: String) async throws {
    var options = StandardOptions()
    options.pbkdf2Iterations = 10_000
    options.argon2Operations = 1
    options.argon2Mebibytes = 7
    options.peppers = [
      try Pepper(version: "v1", secret: Secret([UInt8](repeating: 1, count: 32)))
    ]
    var configuration = KernelConfiguration()
    configuration.preferredHasher = hasher
    configuration.tokenFormat = format
    let kernel = try AuthKernel.standard(
      store: MemoryStore(), options: options, configuration: configuration)
    try await kernel.start()
    let issued = try await kernel.createKey(NewKey(name: "first"), by: .commandLine)
    let token = issued.token.reveal()
    for request in [
      SampleRequest.headers(("X-API-Key", token)), .headers(("X-KEYSMITH-TOKEN", token)),
      .headers(("Authorization", "bearer \(token)")),
      .headers(("Authorization", "Api-Key\t\(token)")),
    ] {
      let verdict = await kernel.authenticate(request)
      #expect(verdict.identity?.keyID == issued.stored.key.id)
    }
    let changed = token.dropLast() + (token.hasSuffix("0") ? "1" : "0")
    let wrong = await kernel.authenticate(SampleRequest.headers(("X-API-Key", String(changed))))
    #expect(wrong.denial?.reason == .malformed)
    let query = await kernel.authenticate(
      SampleRequest(queryItems: [SampleRequest.Field("api-key", token)]))
    #expect(query.denial?.reason == .missing)
    await kernel.shutdown()
  }

  @Test func failsWithEveryFault() throws {
    var options = StandardOptions()
    options.pbkdf2Iterations = 1
    options.schemes = [""]
    #expect { try AuthKernel.standard(store: MemoryStore(), options: options) } throws: { error in
      (error as? ConfigurationFaults)?.faults.count == 2
    }
  }
}
