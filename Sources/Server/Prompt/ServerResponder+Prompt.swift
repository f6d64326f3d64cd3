import CardeaContracts
import HTTPTypes
import Hummingbird
import Logging
import Tracing

extension ServerResponder {
  /// An answer that is whole, behind the parser.
  struct PromptAnswer: Sendable {
    let head: HTTPResponse
    /// Empty for a `HEAD`, whatever its length says.
    let body: [UInt8]
  }

  /// Whether a request of this head may be answered without Hummingbird, if no body follows. Anything else is to go its
  /// way as soon as its head is there: some answers do not wait for the body.
  func mayAnswerPromptly(_ head: HTTPRequest) -> Bool {
    isUntraced && head.path?.utf8.starts(with: "/auth".utf8) ?? false
      && head.headerFields.askNothingElse
  }

  /// The answer that ``respond(to:context:)`` would give; `nil` if only that can give it, and then nothing has been
  /// done.
  ///
  /// Threading: any, an event loop's included: it never waits.
  /// - Parameters:
  ///   - head: of a request without a body, of which ``mayAnswerPromptly(_:)`` is true.
  ///   - peer: the other end of the connection, if it has an address.
  func promptAnswer(
    _ head: HTTPRequest, peer: IPAddress?, _ logger: Logger
  ) -> Prompt<PromptAnswer>? {
    let arrival = Arrival(head, peer: peer, configuration, kernel.redactionOfIDs)
    let (requestID, isHead) = (arrival.requestID, head.method == .head)
    return promptAnswer(arrival, logger)?.map { answer in
      let response = answer.response(requestID: requestID)
      return PromptAnswer(head: response.head, body: isHead ? [] : answer.body)
    }
  }

  /// The same of a request that no parser has read.
  func promptAnswer(
    _ head: PlainHead, peer: IPAddress?, _ logger: Logger
  ) -> Prompt<PlainAnswer>? {
    guard head.target.utf8.starts(with: "/auth".utf8) else { return nil }
    let arrival = Arrival(
      head.method, head.target, head, peer: peer, configuration, kernel.redactionOfIDs)
    let (requestID, isHead) = (arrival.requestID, head.method == .head)
    return promptAnswer(arrival, logger)?.map {
      PlainAnswer(answer: $0, requestID: requestID, isHead: isHead)
    }
  }

  private func promptAnswer(_ arrival: Arrival, _ logger: Logger) -> Prompt<AuthAnswer>? {
    let began = kernel.clock.monotonic()
    guard case .route(let route, _) = routes.match(arrival.method, arrival.target.path),
      let answer = route.prompt?(arrival)
    else { return nil }
    addresses.note(arrival.client, arrival.logger(logger))
    guard logger.logLevel <= .info else { return answer }
    // Not the arrival itself, which would keep what the connection reads into until the verdict is there.
    let (method, client, logger) = (arrival.method, arrival.client, arrival.logger(logger))
    return answer.map { [self] answer in
      client.note(in: logger)
      log(logger, method, route.path, answer.status, since: began)
      return answer
    }
  }
}

extension AuthAnswer {
  /// With all that an answer has which Hummingbird has not made.
  func response(requestID: String) -> Response {
    var response = response
    response.addCommonFields(requestID: requestID)
    response.headers[.date] = DateField.now
    return response
  }
}

extension HTTPFields {
  /// Whether there is no body behind these fields, and nothing in them that asks for more than an answer: to be
  /// told when to send a body, to speak another protocol, to be closed, to be part of a trace.
  fileprivate var askNothingElse: Bool {
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
