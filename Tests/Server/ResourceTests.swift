import Cardea
import CardeaServer
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The wire form, byte for byte: a change here breaks clients.
@Suite("the contract's JSON")
struct ResourceTests {
  private let now = Timestamp(milliseconds: 1_767_225_600_000)

  private func text(_ resource: some Encodable) throws -> String {
    String(decoding: try JSONEncoder.contract().encode(resource), as: UTF8.self)
  }

  private func key(_ change: (inout KeyRecord) -> Void = { _ in }) throws -> KeyRecord {
    var key = KeyRecord(
      id: try #require(UUID(uuidString: "0190A000-0000-7000-8000-00000000000A")),
      prefix: "tok_ab12CD34", name: "orders/é", scopes: ["b", "a"], format: "keysmith",
      createdAt: Timestamp(milliseconds: 0), createdBy: "cli", secrets: [])
    change(&key)
    return key
  }

  @Test func aKey() throws {
    #expect(
      try text(KeyResource(StoredKey(key: try key()), at: now))
        == #"{"class":"default","created_at":"1970-01-01T00:00:00.000Z","created_by":"cli","description":"","#
        + #""expires_at":null,"id":"0190a000-0000-7000-8000-00000000000a","kind":"user","last_used_at":null,"#
        + #""metadata":{},"name":"orders/é","owner":null,"prefix":"tok_ab12CD34","rotation":null,"#
        + #""scopes":["a","b"],"state":"active"}"#)
  }

  @Test func anOpenRotationAndAnExpiredKey() throws {
    let secret = StoredSecret(
      id: UUID(), hash: EncodedHash("x$y"), format: "keysmith", createdAt: now,
      endsAt: now.adding(.seconds(60)))
    let rotating = try key { $0.secrets = [secret] }
    let written = try text(KeyResource(StoredKey(key: rotating), at: now))
    #expect(
      written.contains(
        #""rotation":{"old_secret_addresses":0,"old_secret_last_used_at":null,"#
          + #""overlap_until":"2026-01-01T00:01:00.000Z"}"#))
    #expect(!written.contains("x$y"))
    let later = now.adding(.seconds(60)) ?? now
    #expect(
      try text(KeyResource(StoredKey(key: rotating), at: later)).contains(#""rotation":null"#))
    let expired = try key { $0.expiresAt = now }
    #expect(
      try text(KeyResource(StoredKey(key: expired), at: now)).contains(#""state":"expired""#))
  }

  @Test func anOwnerPagesVerdictsAndProblems() throws {
    let owner = OwnerRecord(
      id: try #require(UUID(uuidString: "0190A000-0000-7000-8000-00000000000B")), kind: .user,
      name: "alice", createdAt: Timestamp(milliseconds: 0))
    let written =
      #"{"created_at":"1970-01-01T00:00:00.000Z","disabled":false,"#
      + #""id":"0190a000-0000-7000-8000-00000000000b","kind":"user","max_keys":-1,"members":[],"metadata":{},"#
      + #""name":"alice"}"#
    #expect(try text(OwnerResource(owner)) == written)
    #expect(
      try text(PageResource(Page(items: [owner], next: owner.id)))
        == #"{"next_cursor":"0190a000-0000-7000-8000-00000000000b","owners":[\#(written)]}"#)
    #expect(
      try text(PageResource(Page<StoredKey>(items: [], next: nil), at: now))
        == #"{"keys":[],"next_cursor":null}"#)
    #expect(
      try text(VerifyResource.invalid(.wrongSecret)) == #"{"code":"wrong_secret","valid":false}"#)
    #expect(
      try text(Problem(status: 404, code: "not_found", requestID: "r"))
        == #"{"code":"not_found","request_id":"r","status":404,"title":"Not Found","type":"about:blank"}"#
    )
  }
}
