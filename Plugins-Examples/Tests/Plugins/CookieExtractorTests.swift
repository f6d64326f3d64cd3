import CardeaContracts
import CardeaPluginTestKit
import CookieExtractor
import Testing

@Suite struct CookieExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("Cookie", "theme=dark; api_key=\($0); lang=en")) },
    repeating: { .headers(("Cookie", "api_key=\($0); api_key=\($1)")) },
    ignoring: [
      .headers(("Cookie", "")), .headers(("Cookie", "api_key2=tok_a:b; xapi_key=tok_a:b; ; =;")),
      .headers(("Set-Cookie", "api_key=tok_a:b")),
    ]
  ) { CookieExtractor(name: "api_key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  static let configuration = ConfigurationPromises(
    CookieExtractor.self, accepted: [SettingValues(["name": .string("api_key")])],
    refused: [SettingValues(["name": .string("a=b")]), SettingValues(["name": .string("")])]
  ).all

  @Test(arguments: configuration) func keepsConfigured(_ promise: Promise) async throws {
    try await promise.check()
  }
}
