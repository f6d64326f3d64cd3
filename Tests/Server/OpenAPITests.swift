import Cardea
import CardeaTestSupport
import CardeaWebhooks
import Foundation
import Testing

@testable import CardeaServer

/// `openapi.yaml` and the server agree. What the server really answers is compared by schemathesis, in the tests of
/// the whole program.
@Suite("openapi.yaml")
struct OpenAPITests {
  /// What the router knows, without its paths for everything below and any method.
  /// Nor does it describe the page, which is for people: what it takes and answers are forms and HTML.
  private func routes(_ kernel: AuthKernel) throws -> [String: RouteInput] {
    let configuration = ServerConfiguration()
    let metrics = PrometheusMetrics()
    let webhooks = Webhooks(kernel: kernel)
    let all = ServerResponder(
      kernel: kernel, configuration: configuration, metrics: metrics,
      feed: SignalFeed(kernel, configuration, metrics), webhooks: webhooks,
      pages: try ServedPages(kernel, configuration, webhooks: webhooks)
    ).routes.all
    var routes: [String: RouteInput] = [:]
    for (method, path, takes) in all {
      let isPage = [AdminPage.root, PortalPage.root].contains {
        path == $0 || path.hasPrefix("\($0)/")
      }
      if isPage || path == "/" {
        // So that nothing for programs hides below the page's path.
        #expect(takes.body == nil, "\(path)")
        continue
      }
      let path = path.replacingOccurrences(of: "…", with: "{question}")
      for method in method == "ANY" ? OpenAPIDocument.methods : [method] {
        routes["\(method) \(path)"] = takes
      }
    }
    return routes
  }

  @Test func itHasEveryRouteAndNoOther() async throws {
    let described = try OpenAPIDocument().operations().map(\.name)
    try await ServerRig.run { rig in
      let routes = try routes(rig.kernel)
      #expect(routes.count > 50)
      #expect(described.sorted() == routes.keys.sorted())
    }
  }

  @Test func itHasEveryQueryItemAndEveryFieldOfABody() async throws {
    try await ServerRig.run { rig in
      let document = try OpenAPIDocument()
      let routes = try routes(rig.kernel)
      for operation in try document.operations() {
        let takes = try #require(routes[operation.name])
        let query = operation.parameters.filter { $0["in"] as? String == "query" }
        // Filters of metadata have names of their own.
        let names = Set(query.compactMap { $0["name"] as? String })
        #expect(names == takes.query.union(operation.name == "GET /v1/keys" ? ["metadata"] : []))
        guard let fields = takes.body, !fields.names.isEmpty else {
          #expect(operation.fields["requestBody"] == nil, "\(operation.name)")
          continue
        }
        let body = try document.object(operation.fields["requestBody"])
        let schema = try document.schema(of: body, "application/json")
        #expect(try document.members(schema) == fields.names, "\(operation.name)")
        #expect(body["required"] as? Bool == !fields.isOptional, "\(operation.name)")
      }
      #expect(try document.members(document.schema("FirstKey")) == BodyFields.newKey)
      #expect(try document.members(document.schema("KeyFilter")) == BodyFields.keyFilter)
    }
  }

  @Test func itHasEveryCodeAtItsStatus() throws {
    let states: [LifecycleError] = KeyState.allCases.map { .wrongState($0) }
    let errors: [LifecycleError] =
      states + [
        .invalid(field: "", reason: ""), .notFound(""), .conflict, .noRotation,
        .rotationInProgress(until: .earliest), .ownerLimit(1), .ownerDisabled(""),
        .duplicateOwner(""), .beyondActor(""), .alreadyDone(keyID: UUID()), .idempotencyMismatch,
        .notEmpty, .keyRequired, .sessionRequired, .sessionsOff, .sessionLimit, .overloaded,
        .storeUnavailable(""), .failed(""),
      ]
    var codes: [Int: Set<String>] = [:]
    for problem in errors.map({ Problem($0) }) {
      codes[problem.status, default: []].insert(problem.code)
    }
    for reason in Denial.Reason.allCases {
      let denial = Denial(reason, verified: true)
      codes[denial.status, default: []]
        .insert(denial.status == 401 ? "unauthenticated" : reason.rawValue)
    }
    // Those that the server's own code names.
    let sources = OpenAPIDocument.repository.appending(path: "Sources/Server")
    let files = try #require(FileManager.default.enumerator(atPath: sources.path))
    for case let file as String in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
      for match in text.matches(of: /status: (\d{3}), code: "(\w+)"/) {
        codes[try #require(Int(match.1)), default: []].insert(String(match.2))
      }
    }
    // Only of paths that are not described: a method that a path does not take.
    #expect(codes.removeValue(forKey: 405) == ["method_not_allowed"])
    // Whatever the path: the description says so.
    #expect(codes.removeValue(forKey: 431) == ["head_too_large"])
    let described = try OpenAPIDocument().codes()
    #expect(described == codes)
  }

  @Test func itHasEveryNameOfAnEnumeration() throws {
    let document = try OpenAPIDocument()
    func names(_ schema: String) throws -> [String]? {
      try document.schema(schema)["enum"] as? [String]
    }
    #expect(try names("KeyState") == KeyState.allCases.map(\.rawValue))
    #expect(try names("KeyKind") == KeyRecord.Kind.allCases.map(\.rawValue))
    #expect(try names("OwnerKind") == OwnerRecord.Kind.allCases.map(\.rawValue))
    #expect(try names("BulkAction") == BulkAction.allCases.map(\.rawValue))
    #expect(try names("Reason") == Denial.Reason.allCases.map(\.rawValue))
  }

  /// Nobody is warned of what is not explained.
  @Test func itAndTheGuideHaveEveryWarningAndEveryMetric() throws {
    let readiness = try OpenAPIDocument().schema("Readiness")
    let warnings = (readiness["properties"] as? [String: Any])?["warnings"] as? [String: Any]
    let named = try #require((warnings?["items"] as? [String: Any])?["enum"] as? [String])
    #expect(
      named == ReadinessWarning.allCases.map(\.rawValue) + WebhookWarning.allCases.map(\.rawValue))
    let guide = try String(
      contentsOf: OpenAPIDocument.repository.appending(
        path: "Sources/Cardea/Cardea.docc/OperatingCardea.md"), encoding: .utf8)
    for name in named { #expect(guide.contains("`\(name)`"), "\(name)") }
    let nodes = (readiness["properties"] as? [String: Any])?["node_warnings"] as? [String: Any]
    let item = ((nodes?["items"] as? [String: Any])?["properties"] as? [String: Any])?["code"]
    let every: [NodeWarning] = [
      .clockApart(.zero), .timeAhead(.zero), .store(""), .sameName("", count: 2),
      .otherVersion(node: "", version: "", own: ""),
    ]
    #expect((item as? [String: Any])?["enum"] as? [String] == every.map(\.code))
    for name in MetricName.help.keys {
      // Names that begin alike share a row.
      let end = name.lastIndex(of: "_").map { name[$0...] } ?? ""
      #expect(guide.contains("`\(name)`") || guide.contains("`\(end)`"), "\(name)")
    }
  }

  @Test func theScopesThatItNamesAreThoseThatAreDemanded() async throws {
    try await ServerRig.run { rig in
      let operations = try OpenAPIDocument().operations().filter { !$0.path.hasPrefix("/auth") }
      func schemes(_ operation: OpenAPIDocument.Operation) throws -> [[String: [String]]] {
        try #require(operation.fields["security"] as? [[String: [String]]])
      }
      let all = Set(try operations.flatMap(schemes).flatMap(\.values).joined())
      #expect(all.count > 3)
      for operation in operations {
        let schemes = try schemes(operation)
        let demanded = Set(schemes.flatMap(\.values))
        #expect(demanded.count <= 1)
        let path = operation.path.replacingOccurrences(of: "{id}", with: UUID().uuidString)
        func answer(_ scopes: [String]?) async throws -> HTTPAnswer {
          var token: String?
          if let scopes { token = try await rig.key { $0.scopes = scopes }.token }
          return try await rig.client.json(
            operation.method, path, token: token, operation.method == "GET" ? nil : "{}")
        }
        let stranger = try await answer(nil)
        #expect((stranger.status == 401) == !schemes.isEmpty, "\(operation.name)")
        guard let scopes = demanded.first else { continue }
        let enough = try await answer(scopes)
        #expect(enough.string("code") != "insufficient_scope", "\(operation.name)")
        #expect(enough.status != 401, "\(operation.name)")
        if scopes.isEmpty { continue }
        let tooLittle = try await answer(all.filter { !scopes.contains($0) })
        #expect(tooLittle.string("code") == "insufficient_scope", "\(operation.name)")
      }
    }
  }

  @Test func itIsServed() async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.request("GET", "/openapi.yaml")
      #expect(answer.status == 200)
      #expect(answer.field("content-type") == "application/yaml")
      #expect(Data(answer.body) == (try OpenAPIDocument().bytes))
    }
  }
}
