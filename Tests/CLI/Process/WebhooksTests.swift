import CardeaTestSupport
import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The whole program against real receivers. Each receiver is a process that answers by path.
@Suite("Webhooks", .timeLimit(.minutes(5)))
struct WebhooksTests {
  /// Loopback is allowed, and a claim that nobody gave back runs out soon.
  private static let environment = [
    "CARDEA_WEBHOOKS_ALLOW": "127.0.0.0/8", "CARDEA_WEBHOOKS_TIMEOUT": "10s",
    "CARDEA_LOG_LEVEL": "debug",
  ]

  private struct Rig {
    let program: CardeaProgram
    let admin: String

    init() throws {
      program = try CardeaProgram()
      let made = try program.run("init")
      try #require(made.status == 0, "\(made.err)")
      admin = try #require(made.lines.first)
    }

    func serve(_ more: [String: String] = [:]) throws -> RunningServer {
      try RunningServer(
        program, [], environment: WebhooksTests.environment.merging(more) { $1 })
    }

    func run(_ arguments: String...) throws -> CardeaProgram.Result {
      try program.run(arguments, environment: WebhooksTests.environment)
    }

    /// A new endpoint: its id and its secret.
    func endpoint(_ url: String, _ more: String...) throws -> (id: String, secret: String) {
      let made = try program.run(
        ["webhooks", "create", url, "--json"] + more, environment: WebhooksTests.environment)
      try #require(made.status == 0, "\(made.err)")
      let webhook = try #require(made.json?["webhook"] as? [String: Any])
      return (
        try #require(webhook["id"] as? String), try #require(made.json?["secret"] as? String)
      )
    }

    func key(_ name: String, _ more: String...) throws -> String {
      let made = try program.run(["keys", "create", name] + more)
      return try #require(made.lines.first, "\(made.err)")
    }

    func delivery(_ id: String) throws -> [String: Any] {
      let shown = try run("webhooks", "show", id, "--json")
      return try #require(shown.json?["delivery"] as? [String: Any], "\(shown.err)")
    }

    /// Asks until it is so. The suite's limit of time ends what never comes.
    func wait(for id: String, until isSo: ([String: Any]) -> Bool) throws -> [String: Any] {
      while true {
        let delivery = try delivery(id)
        if isSo(delivery) { return delivery }
      }
    }
  }

  /// The verifier of the guide, which knows nothing of ours, takes what arrives and nothing that was changed.
  @Test func theGuidesVerifierTakesWhatArrives() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve()
    let made = try rig.endpoint(receiver.url("/ok"))
    let token = try rig.key("shop")
    let arrived = try #require(try await receiver.wait { !$0.isEmpty }.first)
    #expect(arrived.type == "key_created")
    #expect(arrived.data["signal"] as? String == "key_created")
    let key = try #require(arrived.data["key"] as? [String: Any])
    #expect(key["prefix"] as? String == String(token.prefix { $0 != ":" }))
    #expect(arrived.data["position"] is Int)
    let other = try rig.run("webhooks", "rotate-secret", made.id, "--overlap", "1h")
    let second = try #require(other.lines.first)
    _ = try rig.key("again")
    let twice = try #require(try await receiver.wait { $0.count >= 2 }.last)
    #expect(twice.headers["webhook-signature"]?.split(separator: " ").count == 2)
    let script =
      try WebhooksTests.verifier() + """

        import json, sys
        case = json.load(sys.stdin)
        first, second = case["secrets"]
        old, new = case["messages"]
        def check(secret, message, change=None):
            headers = dict(message["headers"])
            body = message["body"].encode()
            if change == "body": body += b" "
            elif change: headers[change] = headers[change][:-1] + ("0" if headers[change][-1] != "0" else "1")
            return verify(secret, headers, body)
        assert check(first, old)
        assert check(first, new) and check(second, new)
        assert not check(second, old)
        for change in ["body", "webhook-id", "webhook-timestamp"]:
            assert not check(first, old, change), change
        assert not verify(first, {}, b"")
        assert not verify(first, old["headers"], old["body"].encode(), tolerance=-1)
        print("verified")
        """
    func message(_ received: WebhookReceiver.Received) -> [String: Any] {
      ["headers": received.headers, "body": received.body]
    }
    let input = try JSONSerialization.data(withJSONObject: [
      "secrets": [made.secret, second], "messages": [message(arrived), message(twice)],
    ])
    let said = try Tool.run(
      "python3", ["-c", script], input: String(decoding: input, as: UTF8.self))
    #expect(said == "verified\n")
    #expect(server.stop() == 0)
    // Neither secret nor token is in the log, at any level.
    let log = server.log()
    #expect(!log.contains(made.secret.dropFirst(6)) && !log.contains(second.dropFirst(6)))
    #expect(!log.contains(token))
  }

  private static func verifier() throws -> String {
    let guide = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/Cardea/Cardea.docc/Webhooks.md")
    let text = try String(contentsOf: guide, encoding: .utf8)
    let start = try #require(text.range(of: "```python\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    return String(text[start.upperBound..<end.lowerBound])
  }

  @Test func aFailureIsTriedAgain() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve()
    let made = try rig.endpoint(receiver.url("/once"))
    _ = try rig.key("shop")
    let both = try await receiver.wait { $0.count >= 2 }
    #expect(both[0].headers["webhook-id"] == both[1].headers["webhook-id"])
    #expect(both[0].body == both[1].body)
    let delivery = try rig.wait(for: made.id) { !($0["last_success_at"] is NSNull) }
    #expect((delivery["last_failure"] as? [String: Any])?["status"] as? Int == 500)
    #expect(delivery["consecutive_failures"] as? Int == 0)
    #expect(server.stop() == 0)
  }

  /// What was not taken when the server was killed is delivered by the next one.
  @Test func aKillLosesNothing() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let first = try rig.serve()
    let made = try rig.endpoint(receiver.url("/hang"))
    _ = try rig.key("one")
    _ = try await receiver.wait { !$0.isEmpty }
    first.kill()
    _ = try rig.key("two")
    let update = try rig.run("webhooks", "update", made.id, "--url", receiver.url("/ok"))
    #expect(update.status == 0, "\(update.err)")
    let second = try rig.serve()
    let all = try await receiver.wait { all in all.filter { $0.path == "/ok" }.count >= 2 }
    let names = all.filter { $0.path == "/ok" }.map { $0.data["position"] as? Int }
    // What was under way when the server was killed may come after what followed it.
    #expect(Set(names) == [3, 4])
    #expect(second.stop() == 0)
  }

  /// S1 and S2: endpoints that always fail, hang up, never answer, or answer slowly or without end, delay no verdict, no
  /// change and no other endpoint.
  @Test func endpointsThatMisbehaveAreNobodyElsesBusiness() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve(["CARDEA_WEBHOOKS_TIMEOUT": "2m"])
    var bad: [String] = []
    let paths = [
      "/hang", "/500", "/redirect", "/close", "/drip", "/headers", "/big", "/hang/2",
    ]
    for path in paths {
      bad.append(try rig.endpoint(receiver.url(path)).id)
    }
    _ = try rig.endpoint(receiver.url("/ok"))
    let token = try rig.key("shop")
    let seen = try await receiver.wait { all in
      Set(all.map(\.path)).isSuperset(of: paths)
    }
    #expect(!seen.isEmpty)
    // While they hang.
    #expect(try await server.authenticate(token) == 200)
    for number in 0..<20 { _ = try rig.key("more-\(number)") }
    let good = try await receiver.wait { all in all.filter { $0.path == "/ok" }.count >= 21 }
    let positions = good.filter { $0.path == "/ok" }.compactMap { $0.data["position"] as? Int }
    #expect(positions == Array(11...31))
    // Two hang to this moment, and one drips: nobody has let go of what was delivered to them first.
    for index in [0, 4, 7] {
      let held = try rig.delivery(bad[index])
      #expect(held["last_failure"] is NSNull && held["last_success_at"] is NSNull, "\(held)")
    }
    #expect(try await server.authenticate(token) == 200)
    let failing = try rig.wait(for: bad[1]) { $0["circuit"] as? String == "open" }
    #expect((failing["last_failure"] as? [String: Any])?["reason"] as? String == "HTTP 500")
    let redirecting = try rig.wait(for: bad[2]) { $0["circuit"] as? String == "open" }
    #expect((redirecting["last_failure"] as? [String: Any])?["status"] as? Int == 302)
    let closing = try rig.wait(for: bad[3]) { $0["circuit"] as? String == "open" }
    #expect((closing["last_failure"] as? [String: Any])?["status"] is NSNull)
    // A server that is told to stop does not wait for those that hang.
    #expect(server.stop() == 0)
  }

  /// S3: a receiver that authenticates, lists keys and removes its own endpoint in the middle of a delivery, while the
  /// only thread waits for it.
  @Test func aReceiverMayCallBackAndRemoveItself() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve(["CARDEA_WEBHOOKS_CONCURRENCY": "1"])
    try receiver.callBack(server.address, token: rig.admin)
    let gone = try rig.endpoint(receiver.url("/reenter"), "--signal", "key_created")
    _ = try rig.endpoint(receiver.url("/ok"), "--signal", "key_created")
    let token = try rig.key("shop")
    for number in 0..<5 { _ = try rig.key("more-\(number)") }
    let all = try await receiver.wait { all in
      all.filter { $0.path == "/ok" }.count >= 6 && all.contains { $0.path == "/reentered" }
    }
    let said = try #require(all.first { $0.path == "/reentered" })
    let answers = try JSONSerialization.jsonObject(with: Data(said.body.utf8)) as? [String: Int]
    #expect(answers == ["auth": 200, "keys": 200, "delete": 204])
    #expect(all.filter { $0.path == "/reenter" }.count == 1)
    let positions = all.filter { $0.path == "/ok" }.compactMap { $0.data["position"] as? Int }
    #expect(positions == positions.sorted() && Set(positions).count == 6)
    #expect(try await server.authenticate(token) == 200)
    #expect(try rig.run("webhooks", "show", gone.id).status == 1)
    let audit = try rig.run("audit", "list", "--action", "webhook_deleted", "--json")
    #expect(audit.out.contains(gone.id) && audit.out.contains("127.0.0.1"))
    #expect(!audit.out.contains("/reenter"))
    #expect(server.stop() == 0)
  }

  /// S3: a receiver that makes a key in the middle of each delivery, whose signal is delivered to it in turn, while the
  /// only thread waits for it.
  @Test func aReceiverMayMakeWhatItIsToldOf() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve(["CARDEA_WEBHOOKS_CONCURRENCY": "1"])
    try receiver.callBack(server.address, token: rig.admin)
    _ = try rig.endpoint(receiver.url("/create"), "--signal", "key_created")
    _ = try rig.endpoint(receiver.url("/ok"), "--signal", "key_created")
    let token = try rig.key("shop")
    let all = try await receiver.wait { all in
      ["/create", "/ok"].allSatisfy { path in all.filter { $0.path == path }.count >= 5 }
    }
    for path in ["/create", "/ok"] {
      let names = all.filter { $0.path == path }.map {
        ($0.data["key"] as? [String: Any])?["name"] as? String
      }
      #expect(names == ["shop", "made-1", "made-2", "made-3", "made-4"], "\(path)")
    }
    #expect(try await server.authenticate(token) == 200)
    #expect(server.stop() == 0)
  }

  #if os(Linux)
    /// A look-up that never ends is left after `webhooks.timeout`, as an answer that never comes is.
    @Test func aLookUpIsBoundedToo() throws {
      let rig = try Rig()
      let (source, library) = (rig.program.path("slow.c"), rig.program.path("slow.so"))
      // Stands in for a resolver whose servers do not answer.
      try rig.program.write(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <netdb.h>
        #include <string.h>
        #include <unistd.h>
        typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r) {
          if (n && strncmp(n, "slow.", 5) == 0) sleep(120);
          return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(n, s, h, r);
        }
        """, to: "slow.c")
      try Tool.run("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"])
      let made = try rig.endpoint("https://slow.example.invalid/")
      let began = ContinuousClock.now
      let tried = try rig.program.run(
        "webhooks", "test", made.id,
        environment: ["CARDEA_WEBHOOKS_TIMEOUT": "1s", "LD_PRELOAD": library])
      #expect(tried.out == "Not delivered: no answer in time.\n", "\(tried.err)")
      #expect(ContinuousClock.now - began < .seconds(60))
    }
  #endif

  /// Nothing is asked of loopback unless the operator says so, and no proxy is taken from the environment.
  @Test func loopbackIsRefused() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let refused = try rig.program.run("webhooks", "create", "https://127.0.0.1/", "--json")
    #expect(refused.status == 1)
    #expect(refused.problem?["field"] as? String == "url")
    let made = try rig.program.run(
      "webhooks", "create", receiver.url("/never", scheme: "https", host: "localhost"), "--json")
    let id = try #require((made.json?["webhook"] as? [String: Any])?["id"] as? String)
    for name in ["", "https_proxy", "ALL_PROXY"] {
      let proxy = name.isEmpty ? [:] : [name: receiver.url("")]
      let tried = try rig.program.run("webhooks", "test", id, environment: proxy)
      #expect(tried.status == 1)
      #expect(
        tried.out
          == "Not delivered: its address is not public, and webhooks.allow does not name it.\n")
    }
    let allowed = try rig.endpoint(receiver.url("/ok"))
    let tried = try rig.run("webhooks", "test", allowed.id)
    #expect(tried.status == 0)
    #expect(tried.out == "Delivered: HTTP 204.\n")
    let all = try await receiver.wait { !$0.isEmpty }
    #expect(all.map(\.path) == ["/ok"])
    #expect(all.map(\.type) == ["webhook_test"])
  }

  @Test func aDeadLetterIsReplayed() async throws {
    let rig = try Rig()
    let receiver = try await WebhookReceiver()
    let server = try rig.serve(["CARDEA_WEBHOOKS_RETRY_FOR": "1s"])
    let made = try rig.endpoint(receiver.url("/500"), "--signal", "key_created")
    _ = try rig.key("shop")
    _ = try rig.wait(for: made.id) { $0["dead_letters"] as? Int == 1 }
    let letters = try rig.run("webhooks", "dead-letters", made.id, "--json")
    let letter = try #require((letters.json?["dead_letters"] as? [[String: Any]])?.first)
    #expect(letter["reason"] as? String == "HTTP 500")
    #expect(letter["signal"] as? String == "key_created")
    #expect(try rig.run("webhooks", "dead-letters", made.id).out.contains("HTTP 500"))
    _ = try rig.run("webhooks", "update", made.id, "--url", receiver.url("/ok"))
    let replay = try rig.run("webhooks", "replay", made.id)
    #expect(replay.out == "1 dead letter will be delivered once more.\n")
    let all = try await receiver.wait { $0.last?.path == "/ok" }
    #expect(Set(all.map { $0.headers["webhook-id"] }).count == 1)
    _ = try rig.wait(for: made.id) { $0["dead_letters"] as? Int == 0 }
    #expect(server.stop() == 0)
  }

  /// Shown once when it is made: after that it is in no listing, log, signal or audit entry.
  @Test func theSecretIsShownOnce() async throws {
    let rig = try Rig()
    let server = try rig.serve()
    let plain = try rig.run("webhooks", "create", "https://example.org/hooks", "--disabled")
    #expect(plain.lines.count == 1)
    let secret = try #require(plain.lines.first)
    #expect(secret.hasPrefix("whsec_"))
    #expect(!plain.err.contains(secret))
    let id = try #require(plain.err.split(separator: " ").dropFirst().first.map(String.init))
    var texts = [plain.err]
    for arguments in [
      ["webhooks", "list"], ["webhooks", "list", "--json"], ["webhooks", "show", id],
      ["webhooks", "show", id, "--json"], ["webhooks", "update", id, "--enable", "--json"],
      ["webhooks", "update", id, "--disable"], ["audit", "list", "--json"], ["audit", "export"],
    ] {
      let result = try rig.program.run(arguments, environment: WebhooksTests.environment)
      #expect(result.status == 0, "\(arguments): \(result.err)")
      texts += [result.out, result.err]
    }
    #expect(try rig.run("webhooks", "delete", id).out == "Webhook \(id) deleted.\n")
    #expect(try rig.run("webhooks", "show", id).status == 1)
    #expect(server.stop() == 0)
    texts.append(server.log())
    #expect(!texts.contains { $0.contains(secret.dropFirst(6)) })
  }

  @Test func whatCantBeDoneIsSaid() throws {
    let rig = try Rig()
    for (arguments, field) in [
      (["https://user:pass@example.org/"], "url"), (["ftp://example.org/"], "url"),
      (["https://example.org/", "--signal", "nothing"], "signals"),
      (["https://example.org/", "--description", "a\u{7}"], "description"),
    ] {
      let result = try rig.program.run(["webhooks", "create"] + arguments + ["--json"])
      #expect(result.status == 1)
      #expect(result.problem?["field"] as? String == field, "\(arguments)")
    }
    let none = UUID().uuidString
    for command in ["show", "delete", "rotate-secret", "test", "dead-letters", "replay"] {
      let result = try rig.run("webhooks", command, none)
      #expect(result.status == 1)
      #expect(result.err.contains("no webhook has this id"))
    }
    #expect(try rig.run("webhooks", "update", none).status == 2)
    #expect(
      try rig.run("webhooks", "list", "--json").json?.keys.sorted() == ["unreadable", "webhooks"])
  }
}
