import CardeaExtractors
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct HeaderExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("X-API-Key", $0)) },
    repeating: { .headers(("x-api-key", $0), ("X-Api-Key", $1)) },
    ignoring: [
      .headers(("x-api-keys", "tok_a:b"), ("api-key", "tok_a:b")),
      SampleRequest(
        queryItems: [.init("x-api-key", "tok_a:b")], formFields: [.init("x-api-key", "tok_a:b")]),
    ]
  ) { HeaderExtractor(name: "X-API-Key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct AuthorizationExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("Authorization", "aPI-kEY  \t\($0)")) },
    repeating: { .headers(("Authorization", "Api-Key \($0)"), ("Authorization", "Api-Key \($1)")) },
    ignoring: [
      .headers(("authorization", "Bearer tok_a:b")), .headers(("authorization", "Api-Keys a")),
      .headers(("authorization", "")),
    ]
  ) { AuthorizationExtractor(scheme: "Api-Key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct QueryExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { SampleRequest(queryItems: [.init("api_key", $0)]) },
    repeating: { SampleRequest(queryItems: [.init("api_key", $0), .init("api_key", $1)]) },
    ignoring: [
      SampleRequest(queryItems: [.init("API_KEY", "tok_a:b"), .init("key", "tok_a:b")]),
      SampleRequest(formFields: [.init("api_key", "tok_a:b")]),
    ]
  ) { QueryExtractor(name: "api_key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct FormExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { SampleRequest(formFields: [.init("api_key", $0)]) },
    repeating: { SampleRequest(formFields: [.init("api_key", $0), .init("api_key", $1)]) },
    ignoring: [SampleRequest(queryItems: [.init("api_key", "tok_a:b")])]
  ) { FormExtractor(name: "api_key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct BasicExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("Authorization", basic($0))) },
    repeating: { .headers(("Authorization", basic($0)), ("Authorization", basic($1))) },
    ignoring: [.headers(("authorization", "Bearer tok_a:b"))]
  ) { BasicExtractor() }.all

  private static func basic(_ password: String) -> String {
    "Basic \(Data("api:\(password)".utf8).base64EncodedString())"
  }

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
