import Cardea
import CardeaPluginTestKit
import Testing

@Suite struct StandardPluginsTests {
  @Test func bringsWhatTheDefaultsName() throws {
    var registry = Registry()
    registry.use(try StandardPlugins())
    var expected = [
      "primitives.sodium", "hasher.pbkdf2_sha512", "hasher.argon2id", "hasher.pbkdf2_sha256",
      "hasher.pbkdf2_sha1", "hasher.sha512", "hasher.argon2", "hasher.scrypt", "hasher.sha256",
    ]
    // libxcrypt's.
    #if os(Linux)
      expected.append("hasher.bcrypt_sha256")
    #endif
    expected += [
      "format.keysmith", "format.underscore", "format.dotted", "format.plain",
      "extractor.header.x-api-key", "extractor.header.x-keysmith-token",
      "extractor.header.x-api-authorization", "extractor.authorization.api-key",
      "extractor.authorization.bearer", "sessions.jwt",
    ]
    #expect(registry.plugins.map(\.id) == expected)
  }

  @Test func bringsWhatIsAskedFor() throws {
    var options = StandardOptions()
    options.peppers = [
      try Pepper(version: "v1", secret: Secret([UInt8](repeating: 1, count: 32)))
    ]
    options.headers = []
    options.schemes = ["Token"]
    options.queryNames = ["api-key"]
    options.formNames = ["token"]
    options.basic = true
    options.sessions.format = .opaque
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    let ids = registry.plugins.map(\.id)
    #expect(ids.contains("hasher.hmac_sha256"))
    #expect(
      ids.suffix(5) == [
        "extractor.authorization.token", "extractor.query.api-key", "extractor.form.token",
        "extractor.basic", "sessions.opaque",
      ])
  }

  @Test func namesEveryFaultAtOnce() throws {
    var options = StandardOptions()
    options.pbkdf2Iterations = 1
    options.argon2Operations = 0
    let pepper = try Pepper(version: "v1", secret: Secret([UInt8](repeating: 1, count: 32)))
    options.peppers = [pepper, pepper]
    options.headers = ["X-API-Key", "X API", ""]
    options.schemes = ["Api:Key"]
    options.queryNames = ["a b"]
    options.sessions.header = "X Session"
    options.sessions.scheme = "Bea rer"
    options.sessions.slides = true
    #expect { try StandardPlugins(options) } throws: { error in
      (error as? ConfigurationFaults)?.faults.map(\.setting) == [
        "hash.pbkdf2_iterations", "hash.argon2_ops", "hash.pepper_files", "extract.headers",
        "extract.headers", "extract.schemes", "extract.query", "sessions.header",
        "sessions.scheme", "sessions.sliding",
      ]
    }
  }

  @Test func sessionsThatNoRequestCouldCarryAreAFault() throws {
    var options = StandardOptions()
    options.sessions.header = ""
    options.sessions.scheme = ""
    #expect { try StandardPlugins(options) } throws: { error in
      (error as? ConfigurationFaults)?.faults.map(\.setting) == ["sessions.header"]
    }
    options.sessions.enabled = false
    #expect(throws: Never.self) { try StandardPlugins(options) }
  }
}
