import CardeaContracts
import HTTPTypes
import Hummingbird
import Logging
import Tracing

extension ServerResponder {
  /// An answer that is whole.
  struct WarmAnswer: Sendable {
    let head: HTTPResponse
    /// Empty for a `HEAD`, whatever its length says.
    let body: [UInt8]
  }

  /// Whether the answer to a request of this head may be given at once, if no body follows. Anything else is to go its
  /// way as soon as its head is there: some answers do not wait for the body.
  func mayAnswerWarm(_ head: HTTPRequest) -> Bool {
    isUntraced && head.path?.utf8.starts(with: "/auth".utf8) ?? false && head.headerFields.areWarm
  }

  /// The answer that ``respond(to:context:)`` would give, if it takes no task; `nil` if it does, and then nothing
  /// has been done, but that a policy may have counted the request whose key changed at that very moment.
  ///
  /// Threading: any, an event loop's included: it never waits.
  /// - Parameters:
  ///   - head: of a request without a body, of which ``mayAnswerWarm(_:)`` is true.
  ///   - peer: the other end of the connection, if it has an address.
  func answerIfWarm(
    _ head: HTTPRequest, peer: IPAddress?, _ logger: Logger
  ) -> Prompt<WarmAnswer>? {
    let began = kernel.clock.monotonic()
    let arrival = Arrival(head, peer: peer, configuration, kernel.redactionOfIDs)
    guard case .route(let route, _) = routes.match(head.method, arrival.target.path),
      let answer = route.warm?(arrival)
    else { return nil }
    addresses.note(arrival.client, arrival.logger(logger))
    return answer.map { [self] in
      var response = $0.response
      response.addCommonFields(requestID: arrival.requestID)
      response.headers[.date] = DateField.now
      if logger.logLevel <= .info {
        let logger = arrival.logger(logger)
        arrival.client.note(in: logger)
        log(logger, head.method, route.path, response.status, since: began)
      }
      return WarmAnswer(head: response.head, body: head.method == .head ? [] : $0.body)
    }
  }
}

extension HTTPFields {
  /// Whether there is no body behind these fields, and nothing in them that asks for more than an answer: to be
  /// told when to send a body, to speak another protocol, to be closed, to be part of a trace.
  fileprivate var areWarm: Bool {
    allSatisfy { field in
      switch field.name.canonicalName {
      case "content-length": field.value == "0"
      case "connection": field.value != "close"
      case "transfer-encoding", "expect", "upgrade", "traceparent": false
      default: true
      }
    }
  }
}
