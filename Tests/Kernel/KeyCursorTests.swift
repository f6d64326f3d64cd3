import CardeaContracts
import Foundation
import Testing

/// Cursors of sorted listings: their one spelling, and that each belongs to its order.
@Suite("Key cursors") struct KeyCursorTests {
  private static let id = "0190a000-0000-7000-8000-00000000000b"

  @Test(
    "one spelling for each order",
    arguments: [
      (KeySort.newest, "\(id)"), (.oldest, "created.\(id)"), (.name, "name.w6QuYg.\(id)"),
      (.nameDescending, "-name.w6QuYg.\(id)"), (.expiry, "expires.12.\(id)"),
      (.expiryDescending, "-expires.12.\(id)"),
    ])
  func spelling(_ sort: KeySort, _ text: String) throws {
    let cursor = KeyCursor(of: try key(name: "\u{e4}.b", expiresAt: 12), in: sort)
    #expect(cursor.text == text)
    #expect(KeyCursor(text) == cursor)
  }

  @Test("of a key that never expires, and of one without a name")
  func absent() throws {
    let cursor = KeyCursor(of: try key(name: "", expiresAt: nil), in: .expiry)
    #expect(cursor.text == "expires.never.\(KeyCursorTests.id)")
    #expect(KeyCursor(cursor.text) == cursor)
    let nameless = KeyCursor(of: try key(name: "", expiresAt: nil), in: .name)
    #expect(nameless.text == "name..\(KeyCursorTests.id)")
    #expect(KeyCursor(nameless.text) == nameless)
  }

  @Test(
    "what is no cursor",
    arguments: [
      "", ".", "x", "\(id).", ".\(id)", "created", "created.", "-created.\(id)", "name.\(id)",
      "created.x.\(id)", "name.w6QuYg.\(id).", "name.w6QuYh.\(id)", "name.gA.\(id)",
      "name.\u{e4}.\(id)", "NAME.w6QuYg.\(id)", "expires.\(id)", "expires..\(id)",
      "expires.+1.\(id)", "expires.01.\(id)", "expires.9223372036854775808.\(id)",
      "expires.Never.\(id)", "last_used.1.\(id)", "name.w6QuYg.\(id)0",
    ])
  func refused(_ text: String) {
    #expect(KeyCursor(text) == nil)
  }

  @Test("a cursor of another order is refused")
  func otherOrder() async throws {
    let rig = try await Rig()
    for name in ["a", "b"] { _ = try await rig.key(name) }
    for sort in KeySort.allCases {
      var query = KeyQuery(now: rig.clock.now(), limit: 1)
      query.sort = sort
      query.after = try await rig.kernel.keys(query).cursor(in: sort)
      #expect(try await rig.kernel.keys(query).items.count == 1)
      for other in KeySort.allCases where other != sort {
        query.sort = other
        await #expect { try await rig.kernel.keys(query) } throws: { error in
          if case .invalid("cursor", let reason)? = error as? LifecycleError {
            return reason.contains(sort.rawValue) && reason.contains(other.rawValue)
          }
          return false
        }
      }
    }
    await rig.kernel.shutdown()
  }

  private func key(name: String, expiresAt: Int64?) throws -> KeyRecord {
    KeyRecord(
      id: try #require(UUID(uuidString: KeyCursorTests.id)), prefix: "tok_a", name: name,
      format: "keysmith", createdAt: .earliest, createdBy: "cli",
      expiresAt: expiresAt.map { Timestamp(milliseconds: $0) }, secrets: [])
  }
}
