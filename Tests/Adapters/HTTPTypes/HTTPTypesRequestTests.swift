import Cardea
import CardeaHTTPTypes
import HTTPTypes
import Testing

@Suite("the request adapter for swift-http-types")
struct HTTPTypesRequestTests {
  private func request(
    _ path: String, _ fields: [(String, String)] = [], form: String? = nil
  ) -> HTTPTypesRequest {
    var head = HTTPRequest(method: .post, scheme: nil, authority: "test", path: path)
    for (name, value) in fields {
      if let name = HTTPField.Name(name) {
        head.headerFields.append(HTTPField(name: name, value: value))
      }
    }
    return HTTPTypesRequest(head, clientAddress: "192.0.2.7", requestID: "r1", form: form)
  }

  @Test func theFactsOfARequest() {
    let view = request("/orders/1?a=b", [("User-Agent", "curl")])
    #expect(view.method == "POST")
    #expect(view.path == "/orders/1")
    #expect(
      RequestFacts(view)
        == RequestFacts(
          method: "POST", path: "/orders/1", clientAddress: "192.0.2.7", userAgent: "curl",
          requestID: "r1"))
    #expect(request("").path == "")
    #expect(request("/?").query("") == .absent)
  }

  @Test func headersAreFoundWhateverTheirCaseAndNeverDropped() {
    let view = request("/", [("X-API-Key", "a"), ("Accept", "b"), ("ACCEPT", "c")])
    #expect(view.header("x-api-key") == .one("a"))
    #expect(view.header("accept") == .repeated)
    #expect(view.header("cookie") == .absent)
    #expect(request("/", [("X-API-Key", "")]).header("x-api-key") == .one(""))
  }

  @Test(arguments: [
    ("?k=v", FieldValue.one("v")), ("?k=", .one("")), ("?k", .one("")), ("?", .absent),
    ("", .absent),
    ("?K=v", .absent), ("?a=1&k=v&b=2", .one("v")), ("?k=v&k=w", .repeated),
    ("?k=v&k=v", .repeated),
    ("?k=v&%6B=w", .repeated), ("?%6b=v", .one("v")), ("?k=a%3Ab", .one("a:b")),
    ("?k=a+b", .one("a+b")), ("?k=a%20b", .one("a b")), ("?k=a=b", .one("a=b")),
    ("?k=%", .repeated), ("?k=%4", .repeated), ("?k=%zz", .repeated), ("?k=%+1", .repeated),
    ("?k=%ff", .repeated), ("?k=%C3%A9", .one("é")), ("?k=%C0%80", .repeated),
    ("?k=a;k=b", .one("a;k=b")),
    ("?x=%zz&k=v", .one("v")), ("?%zz=1&k=v", .one("v")), ("?k=v?w", .one("v?w")),
    ("??k=v", .absent), ("?&&k=v&&", .one("v")),
  ])
  func queries(query: String, expected: FieldValue) {
    #expect(request("/path\(query)").query("k") == expected)
  }

  @Test func formsDecodePlusAsASpace() {
    #expect(request("/", form: "k=a+b%2B&x=1").form("k") == .one("a b+"))
    #expect(request("/", form: "k=1&k=2").form("k") == .repeated)
    #expect(request("/", form: "").form("k") == .absent)
    #expect(request("/?k=v").form("k") == .absent)
    #expect(request("/", form: "k=v").query("k") == .absent)
  }

  @Test func aKernelAuthenticatesThroughIt() async throws {
    let kernel = try AuthKernel.standard(store: MemoryStore())
    try await kernel.start()
    let issued = try await kernel.createKey(NewKey(name: "a"), by: .host)
    let token = issued.token.reveal()
    let good = request("/", [("Authorization", "Api-Key \(token)")])
    #expect(await kernel.authenticate(good).identity?.name == "a")
    #expect(kernel.authenticateIfWarm(good)?.identity?.name == "a")
    let none = await kernel.authenticate(request("/?api_key=\(token)"))
    #expect(none.denial?.reason == .missing)
    await kernel.shutdown()
  }
}
