import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

/// `GET /v1/signals` on a real server.
@Suite(.timeLimit(.minutes(5))) struct SignalRoutesTests {
  private func open(
    _ rig: ServerRig, _ target: String = "/v1/signals", token: String? = nil,
    after: String? = nil, window: Int32? = nil
  ) async throws -> EventStream {
    let stream = try EventStream(
      port: rig.client.port, target, token: token ?? rig.admin, after: after, window: window)
    #expect(try await stream.answer().status == 200)
    return stream
  }

  /// A stream whose beginning has been seen: from here on nothing that happens is missed.
  private func follow(
    _ rig: ServerRig, _ target: String = "/v1/signals", token: String? = nil
  ) async throws -> EventStream {
    let stream = try await open(rig, target, token: token)
    guard case .beat = try await stream.nextBlock() else {
      Issue.record("no beginning")
      return stream
    }
    return stream
  }

  @Test func itIsAnEventStreamOfWhatTheLogHolds() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("first")
      let stream = try await open(rig, after: "0")
      let answer = try await stream.answer()
      #expect(answer.field("content-type") == "text/event-stream")
      #expect(answer.field("cache-control") == "no-store")
      #expect(answer.field("x-accel-buffering") == "no")
      #expect(answer.field("x-request-id") != nil)
      #expect(try await stream.nextBlock() == .beat(id: "0"))
      let events = try await stream.next(2)
      #expect(events.map(\.id) == ["1", "2"])
      #expect(events.map(\.name) == ["key_created", "key_created"])
      let data = try #require(events.last).json
      #expect(data["signal"] as? String == "key_created")
      #expect(data["position"] as? Int == 2)
      #expect(data["actor"] as? String == "host")
      #expect((data["key"] as? [String: Any])?["id"] as? String == key.id)
      // Live from here on.
      _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/suspend", token: rig.admin)
      let live = try #require(try await stream.next())
      #expect(live.id == "3" && live.name == "key_suspended")
    }
  }

  @Test func withoutAnIdItBeginsAtTheEnd() async throws {
    try await ServerRig.run { rig in
      _ = try await rig.key()
      let stream = try await open(rig)
      #expect(try await stream.nextBlock() == .beat(id: "2"), "what to come back with")
      _ = try await rig.key()
      #expect(try await stream.next()?.id == "3")
    }
  }

  /// Whoever connects, hangs up and comes back in the middle of changes gets each once and in order.
  @Test func nothingIsMissedOrToldTwice() async throws {
    try await ServerRig.run { rig in
      let count = 3_000
      async let changes: Void = withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask { for _ in 0..<(count / 8) { _ = try await rig.key() } }
        }
        try await group.waitForAll()
      }
      let steady = try await open(rig, after: "0")
      let restless = Task {
        var ids: [String] = []
        while ids.count < count + 1 {
          let stream = try await open(rig, after: ids.last ?? "0")
          ids += try await stream.next(min(97, count + 1 - ids.count)).map(\.id)
          stream.hangUp()
        }
        return ids
      }
      let expected = (1...count + 1).map(String.init)
      #expect(try await steady.next(count + 1).map(\.id) == expected)
      #expect(try await restless.value == expected)
      try await changes
    }
  }

  /// A failover may lose changes and give their positions to others: who follows must not take those for told.
  @Test func everyStreamEndsWhereAnotherLogTookThePlaceOfItsOwn() async throws {
    let store = NodeStore(NodeGroup())
    try await ServerRig.run(store: store) { rig in
      let stream = try await follow(rig)
      _ = try await rig.key()
      #expect(try await stream.next()?.name == "key_created")
      store.fault = .otherHistory
      #expect(try await stream.next() == nil)
      let again = try await follow(rig)
      _ = try await rig.key()
      #expect(try await again.next()?.name == "key_created")
      again.hangUp()
    }
  }

  @Test func filtersTakeWhatHoldsForAll() async throws {
    try await ServerRig.run { rig in
      let anna = try await rig.key { $0.owner = OwnerReference(name: "anna") }
      let other = try await rig.key { $0.owner = OwnerReference(name: "otto") }
      for key in [anna, other] {
        for action in ["suspend", "reactivate", "revoke"] {
          let answer = try await rig.client.json(
            "POST", "/v1/keys/\(key.id)/\(action)", token: rig.admin)
          #expect(answer.status == 200)
        }
      }
      // 1 admin; 2 and 3 anna and her key; 4 and 5 otto and his; 6 to 8 her key; 9 to 11 his.
      let prefix = anna.token.prefix { $0 != ":" }
      for (query, ids) in [
        ("?name=key_revoked", [8, 11]), ("?name=key_revoked,owner_created", [2, 4, 8, 11]),
        ("?name=key_suspended&name=key_revoked&owner=anna", [6, 8]),
        ("?name=key_suspended&name=owner_created,%20key_revoked", [2, 4, 6, 8, 9, 11]),
        ("?key=\(anna.id)", [3, 6, 7, 8]),
        ("?prefix=\(prefix)", [3, 6, 7, 8]), ("?owner=anna", [2, 3, 6, 7, 8]),
        ("?owner=otto&name=key_created", [5]), ("", Array(1...11)),
      ] {
        let stream = try await open(rig, "/v1/signals\(query)", after: "0")
        let events = try await stream.next(ids.count)
        #expect(events.map(\.id) == ids.map(String.init), "\(query)")
        stream.hangUp()
      }
    }
  }

  @Test func anOwnerWhoComesLaterIsFollowedToo() async throws {
    try await ServerRig.run { rig in
      let stream = try await follow(rig, "/v1/signals?owner=late")
      _ = try await rig.key()
      _ = try await rig.key { $0.owner = OwnerReference(name: "late") }
      #expect(try await stream.next(2).map(\.name) == ["owner_created", "key_created"])
    }
  }

  @Test func whatWasPurgedIsAHeader() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("secretname")
      _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/purge", token: rig.admin)
      let stream = try await open(rig, "/v1/signals?key=\(key.id)", after: "0")
      let event = try #require(try await stream.next())
      #expect(event.name == "key_created" && event.json["erased"] as? Bool == true)
      #expect(event.json["key_id"] as? String == key.id)
      #expect(!event.data.contains("secretname"))
    }
  }

  @Test func whatCanNotBeTakenIsRefused() async throws {
    try await ServerRig.run { rig in
      let reader = try await rig.key { $0.scopes = ["cardea:signals:read"] }
      let other = try await rig.key { $0.scopes = ["cardea:audit:read", "*"] }
      func refusal(
        _ target: String, token: String?, _ headers: [(String, String)] = []
      ) async throws -> HTTPAnswer {
        try await rig.client.json("GET", target, token: token, headers: headers)
      }
      #expect(try await refusal("/v1/signals", token: nil).status == 401)
      #expect(try await refusal("/v1/signals", token: other.token).status == 403)
      for (target, field) in [
        ("/v1/signals?name=key_revokd", "name"), ("/v1/signals?name=user_logged_in", "name"),
        ("/v1/signals?name=key_revoked,", "name"), ("/v1/signals?name=", "name"),
        ("/v1/signals?name=key_created&name=key_revoked,key_revokd", "name"),
        ("/v1/signals?key=1", "key"), ("/v1/signals?names=key_revoked", "names"),
        ("/v1/signals?owner=a&owner=b", "owner"),
      ] {
        let answer = try await refusal(target, token: reader.token)
        #expect(answer.status == 400 && answer.string("field") == field, "\(target)")
      }
      let misspelt = try await refusal(
        "/v1/signals?name=key_created,key_revokd", token: reader.token)
      #expect(misspelt.string("detail")?.contains("did you mean key_revoked?") == true)
      let unlike = try await refusal("/v1/signals?name=\(other.token)", token: reader.token)
      #expect(unlike.string("detail")?.contains("key_created, key_expired") == true)
      #expect(!unlike.text.contains(other.token))
      for id in ["", "-1", "+1", "1.5", "9223372036854775808", "4", "1, 2"] {
        let answer = try await refusal(
          "/v1/signals", token: reader.token, [("Last-Event-ID", id)])
        #expect(answer.status == 400 && answer.string("field") == "Last-Event-ID", "\(id)")
      }
      let twice = try await refusal(
        "/v1/signals", token: reader.token, [("Last-Event-ID", "1"), ("Last-Event-ID", "1")])
      #expect(twice.status == 400)
    }
  }

  enum Ending: CaseIterable { case revoked, suspended, descoped, ownerDisabled, expired }

  /// V1 in spirit: a stream ends with its key, and what happens after is not told on it.
  @Test(arguments: Ending.allCases) func aStreamEndsWithItsKey(_ ending: Ending) async throws {
    try await ServerRig.run(server: { $0.signalHeartbeat = .milliseconds(100) }) { rig in
      let key = try await rig.key {
        $0.scopes = ["cardea:signals:read"]
        $0.owner = OwnerReference(name: "anna")
        $0.expiry = .after(.seconds(3_600))
      }
      let stream = try await follow(rig, token: key.token)
      _ = try await rig.key("before")
      let before = try #require(try await stream.next())
      #expect(before.data.contains("before"))
      let path = "/v1/keys/\(key.id)"
      switch ending {
      case .revoked: _ = try await rig.client.json("POST", "\(path)/revoke", token: rig.admin)
      case .suspended: _ = try await rig.client.json("POST", "\(path)/suspend", token: rig.admin)
      case .descoped:
        _ = try await rig.client.json("PATCH", path, token: rig.admin, #"{"scopes":["a"]}"#)
      case .ownerDisabled:
        let owners = try await rig.client.json("GET", "/v1/owners?name=anna", token: rig.admin)
        let owner = (owners.json["owners"] as? [[String: Any]])?.first?["id"] as? String
        let id = try #require(owner)
        _ = try await rig.client.json("POST", "/v1/owners/\(id)/disable", token: rig.admin)
      case .expired: rig.clock.advance(by: 3_601)
      }
      _ = try await rig.key("after")
      var told: [String] = []
      while let event = try await stream.next() { told.append(event.data) }
      #expect(!told.contains { $0.contains("after") })
      #expect(try await rig.client.json("GET", "/v1/signals", token: key.token).status >= 401)
    }
  }

  @Test func aHeartbeatShowsThatItLivesAndHowFarItIs() async throws {
    try await ServerRig.run(server: { $0.signalHeartbeat = .milliseconds(100) }) { rig in
      let stream = try await follow(rig, "/v1/signals?name=key_revoked")
      #expect(try await stream.nextBlock() == .beat(id: "1"))
      _ = try await rig.key()
      // Not of the wanted name, so there is no event; the place to come back to moves on all the same.
      var block = try await stream.nextBlock()
      while block == .beat(id: "1") { block = try await stream.nextBlock() }
      #expect(block == .beat(id: "2"))
    }
  }

  @Test func thereIsRoomForSoManyAndAPlaceIsGivenBack() async throws {
    try await ServerRig.run(server: {
      $0.maxSignalStreams = 2
      $0.signalHeartbeat = .milliseconds(100)
    }) { rig in
      let first = try await follow(rig)
      let second = try await follow(rig)
      let refused = try await rig.client.json("GET", "/v1/signals", token: rig.admin)
      #expect(refused.status == 503 && refused.string("code") == "too_many_streams")
      #expect(refused.field("retry-after") == "1")
      first.hangUp()
      // A head takes no place for longer than itself.
      var status = 503
      while status == 503 {
        status = try await rig.client.json("HEAD", "/v1/signals", token: rig.admin).status
      }
      #expect(status == 200)
      var third = try EventStream(port: rig.client.port, token: rig.admin)
      while try await third.answer().status == 503 {
        third = try EventStream(port: rig.client.port, token: rig.admin)
      }
      #expect(try await third.answer().status == 200)
      _ = try await rig.key()
      #expect(try await third.next() != nil)
      #expect(try await second.next() != nil)
    }
  }

  /// S1: clients that go away as soon as they are told anything.
  @Test("S1 over server-sent events: whoever always breaks off delays nobody")
  func whoAlwaysBreaksOff() async throws {
    try await ServerRig.run { rig in
      let reader = try await follow(rig)
      let key = try await rig.key()
      var last = ""
      for number in 0..<30 {
        let broken = try await open(rig, after: "0", window: 4_096)
        #expect(try await broken.next() != nil)
        // Its end closes the connection, with events that nobody has read.
        let made = try await rig.key("\(number)")
        #expect(try await rig.auth(made.token) == 200)
        last = made.id
      }
      #expect(try await rig.auth(key.token) == 200)
      var seen = 0
      while let event = try await reader.next() {
        seen += 1
        if (event.json["key"] as? [String: Any])?["id"] as? String == last { break }
      }
      #expect(seen == 31)
    }
  }

  /// S3: what a client does because of an event makes events, ends other streams and its own.
  @Test("S3 over server-sent events: whoever acts on what it is told, and leaves itself")
  func whoActsOnWhatItIsTold() async throws {
    try await ServerRig.run(server: { $0.signalHeartbeat = .milliseconds(100) }) { rig in
      let reader = try await follow(rig)
      let own = try await rig.key { $0.scopes = ["cardea:signals:read"] }
      let acting = try await follow(rig, token: own.token)
      let other = try await follow(rig)
      let first = try await rig.key()
      // Told of a key it makes another, authenticates with it, listens anew, and at last ends what it listens with.
      for number in 0..<5 {
        let event = try #require(try await acting.next())
        #expect(event.name == "key_created")
        let next = try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "\#(number)"}"#)
        #expect(try await rig.auth(try #require(next.string("token"))) == 200)
        let again = try await open(rig, token: own.token, after: event.id)
        #expect(try await again.next()?.name == "key_created")
      }
      let ended = try await rig.client.json(
        "POST", "/v1/keys/\(own.id)/revoke", token: rig.admin)
      #expect(ended.status == 200)
      while try await acting.next() != nil {}
      #expect(try await rig.auth(first.token) == 200)
      for stream in [reader, other] {
        var names: [String] = []
        while let event = try await stream.next() {
          names.append(event.name)
          if event.name == "key_revoked" { break }
        }
        #expect(names.suffix(7) == Array(repeating: "key_created", count: 6) + ["key_revoked"])
      }
    }
  }

  /// S2: a client that takes nothing is dropped and counted, and holds up neither verdicts nor
  /// other clients.
  @Test("S2 over server-sent events: whoever takes nothing is dropped")
  func whoeverTakesNothingIsDropped() async throws {
    try await ServerRig.run(server: {
      $0.signalHeartbeat = .milliseconds(100)
      $0.signalWriteTimeout = .seconds(1)
    }) { rig in
      let stuck = try await open(rig, after: "0", window: 4_096)
      let reader = try await follow(rig)
      let read = Task {
        var count = 0
        while let event = try await reader.next(), event.name == "key_created" { count += 1 }
        return count
      }
      let key = try await rig.key()
      let name = String(repeating: "n", count: 128)
      var dropped = 0.0
      var made = 1
      while dropped == 0 {
        for _ in 0..<500 { _ = try await rig.key(name) }
        made += 500
        #expect(try await rig.auth(key.token) == 200)
        let answer = try await rig.client.json("GET", "/metrics", token: rig.admin)
        dropped = try Exposition(answer.text).value("cardea_signal_streams_dropped_total") ?? 0
      }
      #expect(dropped == 1)
      _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/revoke", token: rig.admin)
      #expect(try await read.value == made)
      // What it had room for it still gets, and then its connection is at its end.
      var last = 0
      while let event = try? await stuck.next() { last = Int(event.id) ?? 0 }
      #expect(last < made)
      let again = try await open(rig, after: "\(last)")
      #expect(try await again.next()?.id == "\(last + 1)")
    }
  }
}
