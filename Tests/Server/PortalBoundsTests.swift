import Cardea
import CardeaTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import CardeaServer

/// How far somebody gets on an owner's page: not beyond what they came in with, nor longer than that holds.
@Suite("/keys/ within bounds")
struct PortalBoundsTests {
  private func id(_ key: (id: String, token: String)) throws -> UUID {
    try #require(UUID(uuidString: key.id))
  }

  /// A key of Ann's that grants what `portal.key` does.
  private func sibling(
    _ portal: PortalRig, _ fill: (inout NewKey) -> Void
  ) async throws -> (id: String, token: String) {
    try await portal.rig.key("Sibling") {
      $0.owner = OwnerReference(name: "ann")
      $0.scopes = ["orders:read"]
      fill(&$0)
    }
  }

  // MARK: whose tokens are handed out

  /// Limits and routes go by class and metadata: a token of another class is more than a key has itself.
  @Test func aKeyHandsOutTokensOfItsOwnClassAndMetadataOnly() async throws {
    try await PortalRig.run { portal in
      let low = try await sibling(portal) { _ in }
      let like = try await sibling(portal) { _ in }
      let others = [
        try await sibling(portal) { $0.keyClass = "internal" },
        try await sibling(portal) { $0.metadata = ["tier": .string("gold")] },
      ]
      let client = portal.client()
      try await client.signIn(low.token)
      for other in others {
        let path = "/\(other.id)"
        let rotated = try await client.submit("\(path)/rotate")
        #expect(rotated.status == 403 && rotated.element("token") == nil)
        #expect(rotated.text.contains("class or metadata"))
        #expect(try await portal.rig.auth(other.token) == 200)
        let second = try await portal.rig.kernel.rotateToken(
          try id(other), Rotation(overlap: .seconds(3_600)), by: .host
        ).token.reveal()
        let page = try await client.get(path).text
        #expect(page.contains("A rotation is open") && page.contains("\(path)/revoke"))
        let form = try await client.hidden("/", "/sign-out")
        for action in ["complete-rotation", "cancel-rotation"] {
          #expect(!page.contains("\(path)/\(action)"))
          #expect(try await client.get("\(path)/\(action)").status == 403)
          #expect(try await client.send("POST", "\(path)/\(action)", form).status == 403)
        }
        #expect(!page.contains("\(path)/rotate"))
        #expect(try await portal.rig.auth(other.token) == 200)
        #expect(try await portal.rig.auth(second) == 200)
      }
      #expect(try await client.get("/\(like.id)").text.contains("/\(like.id)/rotate"))
      #expect(try await client.submit("/\(like.id)/rotate").element("token") != nil)
      // In person they decide for themselves.
      let inPerson = try await portal.signedIn()
      #expect(
        try await inPerson.submit("/\(others[0].id)/rotate").element("token") != nil)
    }
  }

  /// Whoever holds the token that is being replaced can't put an end to the one that replaces it.
  @Test func anOlderTokenDoesNotDecideOverTheNewerOne() async throws {
    try await PortalRig.run { portal in
      let (old, path) = (portal.client(), "/\(portal.key.id)")
      try await old.signIn(portal.key.token)
      let second = try await portal.rig.kernel.rotateToken(
        try id(portal.key), Rotation(overlap: .seconds(3_600)), by: .host
      ).token.reveal()
      let form = try await old.hidden("/", "/sign-out")
      for action in ["cancel-rotation", "complete-rotation"] {
        let answer = try await old.send("POST", "\(path)/\(action)", form)
        #expect(answer.status == 403 && answer.text.contains("newer token"))
      }
      let rotated = try await old.submit("\(path)/rotate")
      #expect(rotated.status == 403 && rotated.element("token") == nil)
      #expect(try await portal.rig.auth(second) == 200)
      #expect(try await portal.rig.auth(portal.key.token) == 200)
      let new = portal.client()
      try await new.signIn(second)
      #expect(try await new.submit("\(path)/cancel-rotation").status == 303)
      #expect(try await portal.rig.auth(second) == 401)
    }
  }

  // MARK: how long

  @Test func aLinkAndItsSessionDieWithTheTokenThatAsked() async throws {
    try await PortalRig.run { portal in
      let (client, text) = (try await portal.signedIn(), try await portal.text())
      _ = try await portal.rig.kernel.rotateToken(try id(portal.host), by: .host)
      #expect(try await client.get("/").location == "/keys/sign-in?ended=1")
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 403)
    }
    // With an overlap they last as long as the token does.
    try await PortalRig.run { portal in
      let (client, text) = (try await portal.signedIn(), try await portal.text())
      _ = try await portal.rig.kernel.rotateToken(
        try id(portal.host), Rotation(overlap: .seconds(120)), by: .host)
      portal.rig.clock.advance(by: 119)
      #expect(try await client.get("/").status == 200)
      portal.rig.clock.advance(by: 2)
      #expect(try await client.get("/").location == "/keys/sign-in?ended=1")
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 403)
    }
  }

  /// What they make ends with the key that asked as that key ends now.
  @Test func theBoundOnTheirKeysIsThatOfNow() async throws {
    try await PortalRig.run { portal in
      let master = try await portal.rig.key("Master") { $0.scopes = [ScopeSet.admin] }
      for asking in [portal.host, master] {
        let body = #"{"owner": "ann", "scopes": ["orders:read"]}"#
        let text = try #require(
          try await portal.link(body, token: asking.token).string("url")?.split(separator: "=").last
        )
        let client = portal.client()
        _ = try await client.send("POST", "/link", [("link", String(text))])
        let forever = [("name", "a"), ("expires", "never")]
        #expect(try await client.submit("/new", forever).element("token") != nil)
        var edit = KeyEdit()
        edit.expiry = .after(.seconds(86_400))
        edit.scopes = ["cardea:portal:write", "orders:read"]
        _ = try await portal.rig.kernel.updateKey(try id(asking), edit, by: .host)
        #expect(try await client.submit("/new", forever).status == 400)
        #expect(try await client.submit("/new", [("name", "a"), ("expires", "2d")]).status == 400)
        let made = try await client.submit("/new", [("name", "a"), ("expires", "12h")])
        #expect(made.element("token") != nil)
      }
    }
  }

  // MARK: how many

  /// Whoever can make keys could sign everybody out, were sessions counted for each key.
  @Test func anOwnerDrivesOutTheirOwnSessionsOnly() async throws {
    try await PortalRig.run(server: { $0.pageMaxSessions = 12 }) { portal in
      let bob = portal.client()
      try await bob.signIn(portal.other.token)
      let first = portal.client()
      try await first.signIn(portal.key.token)
      for number in 0..<15 {
        portal.rig.clock.advance(by: 1)
        let key = try await sibling(portal) { $0.description = "\(number)" }
        try await portal.client().signIn(key.token)
        _ = try await portal.signedIn()
      }
      #expect(try await bob.get("/").status == 200)
      #expect(try await first.get("/").status == 303)
    }
  }

  @Test func sessionsAreBounded() async throws {
    try await PortalRig.run(server: { $0.pageMaxSessions = 2 }) { portal in
      let clients = (0..<3).map { _ in portal.client() }
      for (number, client) in clients.enumerated() {
        portal.rig.clock.advance(by: 1)
        let key = try await portal.rig.key {
          $0.owner = OwnerReference(name: "owner\(number)")
          $0.scopes = []
        }
        #expect(try await client.signIn(key.token).status == 303)
      }
      #expect(try await clients[0].get("/").status == 303)
      #expect(try await clients[1].get("/").status == 200)
      #expect(try await clients[2].get("/").status == 200)
    }
  }

  // MARK: who

  /// Names that no new owner is given come with an import.
  @Test(arguments: ["Ann Smith", "o'neil@example.com", "Zoë", "50%"])
  func anImportedOwnerMakesKeys(_ name: String) async throws {
    try await PortalRig.run { portal in
      let kernel = portal.rig.kernel
      _ = try await kernel.importOwners([
        OwnerRecord(id: UUID(), kind: .user, name: name, createdAt: portal.rig.clock.now())
      ])
      let text = String(decoding: try JSONEncoder().encode(["owner": name]), as: UTF8.self)
      let byLink = try await portal.signedIn(text)
      let made = try await byLink.submit("/new", [("name", "Mine"), ("scopes", "orders:read")])
      let token = try #require(made.element("token"))
      let withKey = portal.client()
      try await withKey.signIn(token)
      #expect(try await withKey.submit("/new", [("name", "More")]).element("token") != nil)
      let prefix = String(try #require(token.split(separator: ":").first))
      #expect(try await kernel.key(prefix: prefix).owner?.name == name)
      // One that is not there is made under no such name.
      await #expect(throws: LifecycleError.self) {
        var new = NewKey(name: "a")
        new.owner = OwnerReference(kind: .system, name: name)
        _ = try await kernel.createKey(new, by: .host)
      }
    }
  }

  // MARK: where a link leads

  @Test func aLinkLeadsToThePageAndNowhereElse() async throws {
    try await PortalRig.run { portal in
      for name in [
        "localhost:19711@evil.example", "127.0.0.1:80@evil.example", "localhost:", "localhost:x",
        "localhost:99999", "[::1]:80@evil.example", "[::1]evil.example", "[::1", "localhost:8/x",
      ] {
        #expect(try await portal.link(name: name).status == 400, "\(name)")
        let page = PageClient(
          portal.rig, host: name, root: "/keys", cookieName: "__Host-cardea-keys")
        #expect(try await page.get("/sign-in").status >= 400, "\(name)")
      }
      for name in ["LOCALHOST:8420", "[::1]:8420", "127.0.0.1", "[2001:db8::1]"] {
        let url = try await portal.link(name: name).string("url")
        #expect(url?.hasPrefix("http://\(name.lowercased())/keys/link?") == true, "\(name)")
      }
    }
    // A request that was sent to the page's own name says under which port browsers find it.
    try await PortalRig.run(server: { $0.pageHosts = ["Keys.example.com", "other.example"] }) {
      for (name, address) in [
        ("keys.example.com:8443", "https://Keys.example.com:8443"),
        ("keys.example.com", "https://Keys.example.com"),
        ("127.0.0.1:9", "https://Keys.example.com"),
        ("other.example:9", "https://Keys.example.com"), ("x:y", "https://Keys.example.com"),
      ] {
        let url = try await $0.link(name: name).string("url")
        #expect(url?.hasPrefix("\(address)/keys/link?") == true, "\(name)")
      }
    }
  }

  /// A server that speaks TLS is found with `https:` only, and takes forms from there only.
  @Test func withTLSNothingIsFoundWithout() async throws {
    try await PortalRig.run { portal in
      func page(_ configuration: ServerConfiguration) throws -> PageSite {
        let templates = try PageTemplates(folder: nil)
        return PortalPage(portal.rig.kernel, configuration, templates: templates).site
      }
      func request(_ headers: HTTPFields = [:]) -> Request {
        Request(
          head: HTTPRequest(
            method: .post, scheme: nil, authority: "localhost:8420", path: "/keys/new",
            headerFields: headers), body: RequestBody(buffer: ByteBuffer()))
      }
      var configuration = ServerConfiguration()
      let plain = try page(configuration)
      configuration.tls = TLSFiles(certificate: "cert.pem", key: "key.pem")
      let secure = try page(configuration)
      #expect(try plain.origin(request()) == "http://localhost:8420")
      #expect(try secure.origin(request()) == "https://localhost:8420")
      let from = { (scheme: String) in request([.origin: "\(scheme)://localhost:8420"]) }
      #expect(throws: Never.self) { try secure.checkOrigin(from("https")) }
      #expect(throws: PageFault.self) { try secure.checkOrigin(from("http")) }
      #expect(throws: Never.self) { try plain.checkOrigin(from("http")) }
      #expect(throws: Never.self) { try plain.checkOrigin(from("https")) }
    }
  }

  // MARK: what a link gives

  @Test func noLinkGivesManagement() async throws {
    try await PortalRig.run { portal in
      let name = { (scope: String) in #"{"owner": "ann", "scopes": ["orders:read", "\#(scope)"]}"# }
      for scope in ["cardea:admin", "cardea:keys:write", "cardea:portal:write", "cardea:x"] {
        for token in [portal.rig.admin, portal.host.token] {
          let answer = try await portal.link(name(scope), token: token)
          #expect(answer.status == 400, "\(scope)")
          #expect(answer.string("field") == "scopes", "\(scope)")
        }
      }
      #expect(try await portal.link(name("cardeas:read"), token: portal.rig.admin).status == 201)
    }
  }
}
