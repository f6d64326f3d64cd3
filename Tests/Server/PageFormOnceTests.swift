import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// A form whose answer shows a token does one thing, whatever becomes of the answer.
@Suite struct PageFormOnceTests {
  private func run(
    _ test: @Sendable @escaping (HeldStore, ServerRig, PageClient) async throws -> Void
  ) async throws {
    let store = HeldStore(MemoryStore())
    try await ServerRig.run(store: store, recording: false) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      try await test(store, rig, client)
    }
  }

  /// What was refused before anything was stored can be sent again as it is.
  @Test func whatCameToNothingMayBeSentAgain() async throws {
    try await run { store, rig, client in
      let form = try await client.hidden("/keys/new", "/keys/new") + [("name", "Again")]
      store.failure = .before
      #expect(try await client.send("POST", "/keys/new", form).status == 503)
      store.failure = nil
      let count = try await rig.keyCount()
      let made = try await client.send("POST", "/keys/new", form)
      #expect(try await rig.auth(try #require(made.element("token"))) == 200)
      #expect(try await client.send("POST", "/keys/new", form).status == 409)
      #expect(try await rig.keyCount() == count + 1)

      let key = try await rig.key()
      let path = "/keys/\(key.id)/rotate"
      let rotation = try await client.hidden(path, path)
      store.failure = .before
      #expect(try await client.send("POST", path, rotation).status == 503)
      store.failure = nil
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await client.send("POST", path, rotation).element("token") != nil)

      let owner = try await client.hidden("/owners/new", "/owners/new") + [("name", "ann")]
      store.failure = .before
      #expect(try await client.send("POST", "/owners/new", owner).status == 503)
      store.failure = nil
      #expect(try await client.send("POST", "/owners/new", owner).status == 303)
    }
  }

  /// Where the store did it and only the answer was lost, nothing is done a second time.
  @Test func whatWasDoneUnseenIsNotDoneAgain() async throws {
    try await run { store, rig, client in
      let form = try await client.hidden("/keys/new", "/keys/new") + [("name", "Once")]
      let count = try await rig.keyCount()
      store.failure = .after
      #expect(try await client.send("POST", "/keys/new", form).status == 503)
      store.failure = nil
      #expect(try await rig.keyCount() == count + 1)
      for name in ["Once", "Other"] {
        let again = try await client.send("POST", "/keys/new", form.dropLast() + [("name", name)])
        #expect(again.status == 409 && again.heading == "This form was sent before")
      }
      #expect(try await rig.keyCount() == count + 1)

      let key = try await rig.key()
      let id = try #require(UUID(uuidString: key.id))
      let path = "/keys/\(key.id)/rotate"
      let rotation = try await client.hidden(path, path)
      store.failure = .after
      #expect(try await client.send("POST", path, rotation).status == 503)
      store.failure = nil
      let secret = try await rig.kernel.key(id).key.secrets.map(\.id)
      #expect(try await client.send("POST", path, rotation).status == 409)
      #expect(try await rig.kernel.key(id).key.secrets.map(\.id) == secret)
    }
  }
}
