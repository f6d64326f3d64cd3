import CardeaContracts
import CardeaHTTPTypes
import CardeaHummingbird
import Hummingbird

extension Refusal {
  /// The refusal that whatever a route threw means; `nil` for what is not the route's to answer.
  init?(thrown error: any Error, in exchange: Exchange) {
    switch error {
    case let denial as Denial:
      self.init(
        denial, texts: exchange.kernel.configuration.refusalTexts, requestID: exchange.requestID)
    case let problem as Problem:
      self.init(problem, in: exchange)
    case let error as LifecycleError:
      switch error {
      case .storeUnavailable(let reason):
        exchange.logger.error("the store can't be used", metadata: ["reason": "\(reason)"])
      case .failed(let reason):
        exchange.logger.error("a change failed", metadata: ["reason": "\(reason)"])
      default: break
      }
      self.init(Problem(error), in: exchange)
    case is BrokenBody: return nil
    default:
      exchange.logger.error(
        "a route failed", metadata: ["error": "\(type(of: error))"])
      self.init(Problem(status: 500, code: "failed"), in: exchange)
    }
  }

  fileprivate init(_ problem: Problem, in exchange: Exchange) {
    var problem = problem
    problem.requestID = exchange.requestID
    // Retrying at once is what made the store or the pool busy.
    self.init(problem, retryAfter: problem.status == 503 ? .seconds(1) : nil)
  }
}

extension Response {
  init(_ problem: Problem, in exchange: Exchange) {
    self.init(Refusal(problem, in: exchange))
  }
}
