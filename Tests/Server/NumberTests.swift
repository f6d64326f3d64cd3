import Cardea
import CardeaTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// P6: numbers that are none of ours, in every field of every route that is a number, a duration or a time.
@Suite("P6: numbers over HTTP")
struct NumberTests {
  /// −1, 0, 2^53, 2^63−1, a sign, a digit that is not ASCII, an exponent, no number, and their kin.
  static let texts = [
    "-1", "0", "-0", "9007199254740992", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "99999999999999999999999999", "+5", "٣", "1e3", "1E400", "NaN",
    "Infinity", "0x10", "01", "1.5", "5.0", "-", "", " 5", "5 ", "1_000",
  ]
  /// Times that no key may be given, or that there are not.
  static let times = [
    "9999-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
    "99999999999-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "0000-00-00T00:00:00Z",
    "2026-02-30T00:00:00Z", "2027-01-01", "٢٠٢٧-01-01T00:00:00Z",
  ]

  /// The number as it stands, and before every unit.
  private static let durations = texts.flatMap { text in
    [text] + ["ms", "s", "m", "h", "d"].map { text + $0 }
  }

  /// A body in which `%` stands for what is tried, and the field that is named then.
  private struct Body {
    let method: String
    let path: String
    let text: String
    let field: String

    init(_ method: String, _ path: String, _ text: String, _ field: String) {
      self.method = method
      self.path = path
      self.text = text
      self.field = field
    }
  }

  private func refuses(
    _ rig: ServerRig, _ body: Body, _ tried: [String], quoted: Bool
  ) async throws {
    for text in tried {
      let value = quoted ? "\"\(text)\"" : text
      let answer = try await rig.client.json(
        body.method, body.path, token: rig.admin,
        body.text.replacingOccurrences(of: "%", with: value)
      )
      #expect(answer.status == 400, "\(body.path) \(body.field) \(value): \(answer.text)")
      // What is no JSON at all names the body.
      #expect(
        [body.field, quoted ? body.field : "body"].contains(answer.string("field")),
        "\(body.path) \(body.field) \(value): \(answer.text)")
    }
  }

  @Test func inBodies() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.owner = OwnerReference(name: "alice") }
      let owner = try await rig.kernel.owner(OwnerReference(name: "alice"))
      let id = owner.id.uuidString.lowercased()
      let before = try await rig.kernel.store.logHead()

      // Of an owner's limit −1 and 0 mean something, and JSON writes 0 in two ways.
      let limits = NumberTests.texts.filter { !["-1", "0", "-0", " 5", "5 "].contains($0) }
      for body in [
        Body("POST", "/v1/owners", #"{"name": "n", "max_keys": %}"#, "max_keys"),
        Body("PATCH", "/v1/owners/\(id)", #"{"max_keys": %}"#, "max_keys"),
      ] {
        try await refuses(
          rig, body, limits + ["-2", "1000000001", "true", "null", "[]", "\"5\""], quoted: false)
      }

      let lives = NumberTests.durations + NumberTests.times + ["36501d", "876001h", "0s"]
      for body in [
        Body("POST", "/v1/keys", #"{"name": "n", "expires_in": %}"#, "expires_in"),
        Body("PATCH", "/v1/keys/\(key.id)", #"{"expires_in": %}"#, "expires_in"),
        Body(
          "POST", "/v1/owners", #"{"name": "n", "with_key": {"name": "k", "expires_in": %}}"#,
          "expires_in"),
      ] {
        try await refuses(rig, body, lives, quoted: true)
        try await refuses(rig, body, NumberTests.texts + ["null"], quoted: false)
      }
      for body in [
        Body("POST", "/v1/keys", #"{"name": "n", "expires_at": %}"#, "expires_at"),
        Body("PATCH", "/v1/keys/\(key.id)", #"{"expires_at": %}"#, "expires_at"),
        Body(
          "POST", "/v1/owners", #"{"name": "n", "with_key": {"name": "k", "expires_at": %}}"#,
          "expires_at"),
      ] {
        try await refuses(rig, body, NumberTests.times + NumberTests.texts, quoted: true)
        try await refuses(rig, body, NumberTests.texts + ["null"], quoted: false)
      }

      // An overlap may be nothing at all.
      let overlaps = NumberTests.durations.filter { DurationText($0)?.duration != .zero }
      for body in [
        Body("POST", "/v1/keys/\(key.id)/rotate", #"{"overlap": %}"#, "overlap"),
        Body(
          "POST", "/v1/keys/bulk",
          #"{"action": "rotate", "filter": {"prefix": "tok_"}, "overlap": %}"#, "overlap"),
      ] {
        try await refuses(
          rig, body, overlaps + ["never", "8d", "169h"] + NumberTests.times, quoted: true)
        try await refuses(rig, body, NumberTests.texts + ["null"], quoted: false)
      }

      // A filter asks, it sets nothing: any time there is may be asked about.
      let moments = NumberTests.times.filter { Timestamp(rfc3339: $0) == nil } + NumberTests.texts
      for field in ["created", "expires", "older_than", "unused_since"] {
        let body = Body(
          "POST", "/v1/keys/bulk", #"{"action": "revoke", "filter": {"\#(field)": %}}"#, field)
        try await refuses(rig, body, moments, quoted: true)
        try await refuses(rig, body, moments.map { "\($0).." }, quoted: true)
        try await refuses(rig, body, NumberTests.texts + ["null"], quoted: false)
      }

      #expect(try await rig.kernel.store.logHead() == before)
      #expect(try await rig.auth(rig.admin) == 200, "alive")
    }
  }

  @Test func inQueries() async throws {
    try await ServerRig.run { rig in
      let noTimes = NumberTests.times.filter { Timestamp(rfc3339: $0) == nil } + NumberTests.texts
      let queries: [(path: String, names: [String], tried: [String])] = [
        ("/v1/keys", ["limit", "cursor"], NumberTests.texts + ["1001"]),
        ("/v1/owners", ["limit", "cursor"], NumberTests.texts + ["1001"]),
        ("/v1/audit", ["limit", "status", "cursor", "key"], NumberTests.texts + ["99", "600"]),
        ("/v1/audit", ["since", "until"], noTimes),
        ("/v1/keys", ["created", "expires"], noTimes + noTimes.map { "\($0).." }),
        ("/v1/keys", ["unused_since", "older_than"], noTimes),
      ]
      for (path, names, tried) in queries {
        for name in names {
          // 600 entries are a page like any other.
          for text in tried where !(name == "limit" && ["99", "600"].contains(text)) {
            let encoded = text.utf8.map { "%" + hex($0) }.joined()
            let answer = try await rig.client.json(
              "GET", "\(path)?\(name)=\(encoded)", token: rig.admin)
            #expect(answer.status == 400, "\(path) \(name) \(text): \(answer.text)")
            #expect(answer.string("field") == name, "\(path) \(name) \(text)")
          }
        }
      }
      #expect(try await rig.auth(rig.admin) == 200, "alive")
    }
  }

  /// The furthest expiry is one and the same however it is written, and never has a spelling of its own.
  @Test func aKeyLivesAtMostAHundredYearsOrForEver() async throws {
    try await ServerRig.run { rig in
      rig.clock.freeze()
      let furthest = try #require(rig.clock.now().adding(.seconds(36_500 * 86_400)))
      let beyond = try #require(furthest.adding(.milliseconds(1)))
      func create(_ expiry: String) async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "a", \#(expiry)}"#)
      }
      let last = try await create(#""expires_in": "36500d""#)
      #expect(last.status == 201)
      #expect(last.object("key")["expires_at"] as? String == furthest.rfc3339)
      #expect(try await create(#""expires_at": "\#(furthest.rfc3339)""#).status == 201)
      let refused = try await create(#""expires_at": "\#(beyond.rfc3339)""#)
      #expect(refused.status == 400 && refused.string("field") == "expires_at")
      #expect(refused.string("detail")?.contains("never") == true)
      let never = try await create(#""expires_in": "never""#)
      #expect(never.status == 201)
      #expect(never.text.contains(#""expires_at":null"#))
    }
  }

  /// In metadata any number is welcome that can be kept.
  @Test func inMetadata() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key()
      let kept = try await rig.client.json(
        "PATCH", "/v1/keys/\(key.id)", token: rig.admin,
        #"{"metadata": {"a": 9223372036854775807, "b": -0.5, "c": 1e3, "d": 0}}"#)
      #expect(kept.status == 200)
      #expect(kept.text.contains("9223372036854775807"))
      for number in ["1e400", "NaN", "+5", "01", "٣"] {
        let answer = try await rig.client.json(
          "PATCH", "/v1/keys/\(key.id)", token: rig.admin, #"{"metadata": {"a": \#(number)}}"#)
        #expect(answer.status == 400, "\(number)")
      }
    }
  }

  private func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0\(digits)" : digits
  }
}
