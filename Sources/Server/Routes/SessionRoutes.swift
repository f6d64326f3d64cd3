import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `POST /v1/sessions` exchanges the presented key for a session token, `DELETE /v1/sessions/current` ends the
/// session that is presented. Neither needs a scope. `GET /.well-known/jwks.json` is what others verify JWTs with.
enum SessionRoutes {
  static func add(to table: inout RouteTable, _ sessions: any SessionIssuer) {
    table.post("/v1/sessions", body: .optional(["scopes"])) { exchange in
      let (identity, body) = try await exchange.received()
      let fields = try body.fields()
      let issued = try exchange.kernel.createSession(
        for: identity, scopes: try fields.strings("scopes"))
      return try .json(IssuedSessionResource(issued), status: .created)
    }
    table.delete("/v1/sessions/current", body: .optional([])) { exchange in
      let (identity, body) = try await exchange.received()
      _ = try body.fields()
      let facts = RequestFacts(
        HTTPTypesRequest(
          exchange.request.head, clientAddress: exchange.client.text,
          requestID: exchange.requestID))
      try await exchange.kernel.logOut(identity, request: facts)
      return Response(status: .noContent)
    }
    if let keySet = sessions.keySet {
      table.get("/.well-known/jwks.json") { _ in
        Response(
          status: .ok, headers: [.contentType: "application/jwk-set+json"],
          body: ResponseBody(byteBuffer: ByteBuffer(bytes: keySet)))
      }
    }
  }
}
