import CardeaHTTPTypes
import CardeaLifecycle
import Hummingbird

/// `POST /v1/leaked`: whoever found a token somewhere ends its key. Needs no key.
///
/// The answer is the same whether the token was real or not, so that it tells nothing; what it ends, it ends
/// before it answers.
enum LeakRoutes {
  private struct Receipt: Encodable {
    let status = "received"
  }

  static func add(to table: inout RouteTable, _ limit: ReportLimit) {
    table.post("/v1/leaked", body: .required(["token"])) { exchange in
      let bytes = try await exchange.bytes()
      try exchange.query()
      try limit.take(from: exchange.client.text)
      let body = JSONBody(
        type: exchange.request.headers.value(of: "content-type"), bytes: bytes,
        takes: exchange.takes.body)
      let token = Secret(Array(try body.fields().requiredString("token").utf8))
      _ = try await exchange.kernel.reportLeak(of: token, from: exchange.client.text)
      return try .json(Receipt(), status: .accepted)
    }
  }
}
