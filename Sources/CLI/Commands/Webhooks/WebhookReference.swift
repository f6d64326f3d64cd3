import ArgumentParser
import CardeaContracts
import CardeaWebhooks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The endpoint that a command is about, named by its id.
struct WebhookReference: ParsableArguments {
  @Argument(help: ArgumentHelp("The endpoint's id.", valueName: "webhook"))
  var webhook: String

  /// Does something with the endpoint of this id.
  func with<Result>(
    _ body: (UUID) async throws(LifecycleError) -> Result
  ) async throws(CommandFailure) -> Result {
    do throws(LifecycleError) {
      guard let id = UUID(uuidString: webhook) else { throw .notFound("webhook") }
      return try await body(id)
    } catch {
      guard case .notFound = error else { throw CommandFailure(error) }
      throw .refused(
        "not_found", "no webhook has this id", remedy: "See: cardea webhooks list")
    }
  }
}
