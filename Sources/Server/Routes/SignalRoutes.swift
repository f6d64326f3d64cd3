import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

/// `GET /v1/signals`: the signal log as server-sent events, from a position on and then as it grows. Needs
/// `cardea:signals:read`, for as long as the stream goes on.
enum SignalRoutes {
  static func add(to table: inout RouteTable, _ feed: SignalFeed) {
    table.get("/v1/signals", query: QueryNames.signals) { exchange in
      let identity = try await exchange.identity(granting: SignalTransmission.scope)
      var filter = try SignalFilter(try exchange.query(lists: SignalFilter.lists))
      let position = try position(exchange)
      let seat = try feed.seat(exchange.connection)
      // In this order: an owner who is made after the look has a position after the start.
      let start = try await feed.start(after: position)
      try await filter.findOwners(in: exchange.kernel)
      let transmission = SignalTransmission(
        feed: feed, seat: seat, kernel: exchange.kernel, identity: identity, filter: filter,
        start: start, logger: exchange.logger)
      return answer(transmission)
    }
  }

  static func answer(_ transmission: SignalTransmission) -> Response {
    Response(
      status: .ok,
      // nginx would keep back what comes until it has some kilobytes.
      headers: [.contentType: "text/event-stream", accelBuffering: "no"],
      body: ResponseBody { writer in try await transmission.run(&writer) })
  }

  /// The position that the client has come to; `nil` if it is new.
  static func position(_ exchange: Exchange) throws(Problem) -> Int64? {
    switch exchange.request.headers.value(of: "last-event-id") {
    case .absent: return nil
    case .one(let text):
      guard (1...19).contains(text.utf8.count),
        text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let position = Int64(text)
      else { fallthrough }
      return position
    default: throw .invalid("Last-Event-ID", "must be the id of an event")
    }
  }

  private static let accelBuffering = HTTPField.Name(known: "X-Accel-Buffering")
}
