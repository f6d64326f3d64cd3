import ArgumentParser
import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The owner that a command is about, named by id or by name and kind.
struct OwnerOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The owner's name or id.", valueName: "owner"))
  var owner: String

  @Option(help: ArgumentHelp("The owner's kind.", valueName: "kind"))
  var kind: OwnerRecord.Kind = .user

  func find(in kernel: AuthKernel) async throws -> OwnerRecord {
    do throws(LifecycleError) {
      if let id = UUID(uuidString: owner) { return try await kernel.owner(id) }
      return try await kernel.owner(OwnerReference(kind: kind, name: owner))
    } catch {
      guard case .notFound = error else { throw CommandFailure(error) }
      throw CommandFailure.refused(
        "not_found", "no \(kind.rawValue) has this name or id",
        remedy: "See: cardea owners list. Of another kind? Say --kind.")
    }
  }
}
