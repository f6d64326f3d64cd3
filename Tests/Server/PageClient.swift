import Cardea
import CardeaServer
import CardeaTestSupport
import Foundation

/// A browser without a window: keeps the page's cookie, sends forms, and says where it comes from.
final class PageClient: Sendable {
  private let port: Int
  private let host: String
  /// The path that the page is below, and its cookie's name.
  private let root: String
  private let cookieName: String
  private let jar = Locked<String?>(nil)

  init(
    _ rig: ServerRig, host: String? = nil, root: String = "/admin",
    cookieName: String = "__Host-cardea"
  ) {
    self.root = root
    self.cookieName = cookieName
    port = rig.client.port
    self.host = host ?? "127.0.0.1:\(rig.client.port)"
  }

  /// What the cookie holds.
  var cookie: String? {
    get { jar.withLock { $0 } }
    set { jar.withLock { $0 = newValue } }
  }

  /// - Parameters:
  ///   - type: the type that the form is said to be.
  ///   - headers: instead of `Sec-Fetch-Site: same-origin`, which a form of the page itself has.
  func send(
    _ method: String, _ path: String, _ form: [(String, String)]? = nil,
    type: String = "application/x-www-form-urlencoded", headers: [(String, String)]? = nil
  ) async throws -> HTTPAnswer {
    var head = "\(method) \(root)\(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
    for (name, value) in headers ?? [("Sec-Fetch-Site", "same-origin")] {
      head += "\(name): \(value)\r\n"
    }
    if let cookie { head += "Cookie: \(cookieName)=\(cookie)\r\n" }
    var body: [UInt8] = []
    if let form {
      body = Array(
        form.map { "\(PageClient.encoded($0.0))=\(PageClient.encoded($0.1))" }
          .joined(separator: "&").utf8)
      head += "Content-Type: \(type)\r\n"
      head += "Content-Length: \(body.count)\r\n"
    }
    let answer = try HTTPAnswer(
      try await HTTPClient(port: port).raw(Array((head + "\r\n").utf8) + body))
    if let set = answer.field("set-cookie"), let pair = set.split(separator: ";").first {
      let value = pair.drop { $0 != "=" }.dropFirst()
      cookie = value.isEmpty ? nil : String(value)
    }
    return answer
  }

  func get(_ path: String) async throws -> HTTPAnswer {
    try await send("GET", path, headers: [])
  }

  @discardableResult
  func signIn(_ token: String) async throws -> HTTPAnswer {
    try await send("POST", "/sign-in", [("token", token)])
  }

  /// Opens a page, and sends the form in it that goes to `action` with everything that it holds hidden.
  func submit(
    _ page: String, to action: String? = nil, _ fields: [(String, String)] = []
  ) async throws -> HTTPAnswer {
    let hidden = try await hidden(page, action ?? page)
    return try await send("POST", action ?? page, hidden + fields)
  }

  /// The hidden fields of a form.
  func hidden(_ page: String, _ action: String) async throws -> [(String, String)] {
    let text = try await get(page).text
    let form = text.components(separatedBy: "<form ").first {
      $0.contains("action=\"\(root)\(action)\"")
    }
    let end = form?.components(separatedBy: "</form>").first ?? ""
    return end.matches(of: /<input type="hidden" name="(\w+)" value="([^"]*)">/).map {
      (String($0.1), String($0.2))
    }
  }

  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}

extension HTTPAnswer {
  /// What stands in the element of that id, as it was escaped.
  func element(_ id: String) -> String? {
    text.components(separatedBy: "id=\"\(id)\"").dropFirst().first?
      .components(separatedBy: ">").dropFirst().first?
      .components(separatedBy: "<").first
  }

  var heading: String? {
    text.firstMatch(of: /<h1[^>]*>(?:<bdi>)?([^<]*)/).map { String($0.1) }
  }

  var location: String? { field("location") }
}

extension ServerRig {
  /// Starts a server and signs in to its page with a key that may do everything.
  static func signedIn(
    plugins: [any Plugin] = [], kernel: (inout KernelConfiguration) -> Void = { _ in },
    server: (inout ServerConfiguration) -> Void = { _ in }, recording: Bool = true,
    _ test: @Sendable @escaping (ServerRig, PageClient) async throws -> Void
  ) async throws {
    try await run(
      plugins: plugins, kernel: kernel, server: server, recording: recording
    ) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      try await test(rig, client)
    }
  }

  /// Somebody who is signed in with a key that grants this and no more.
  func visitor(_ scopes: String...) async throws -> PageClient {
    let client = PageClient(self)
    let key = try await key { $0.scopes = scopes }
    try await client.signIn(key.token)
    return client
  }
}
