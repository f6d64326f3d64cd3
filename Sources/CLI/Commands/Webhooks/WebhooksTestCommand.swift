import ArgumentParser
import CardeaContracts
import CardeaServer
import CardeaWebhooks

/// `cardea webhooks test`.
struct WebhooksTestCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Send an endpoint a signed delivery of the type webhook_test, once.",
    discussion: """
      Ends with 1 if the endpoint does not take it.

      Example:
        cardea webhooks test 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let trial = try await webhook.with { (id) throws(LifecycleError) in
      try await webhooks.test(id)
    }
    guard case .answered(let answer) = trial else {
      throw CommandFailure.refused("rate_limited", "too many tests are under way")
    }
    if session.json {
      try session.print(WebhookTestResource(answer))
    } else {
      session.console.out(
        answer.isSuccess ? "Delivered: \(answer.reason)." : "Not delivered: \(answer.reason).")
    }
    if !answer.isSuccess { throw ExitCode(CommandFailure.Exit.refused.rawValue) }
  }
}
