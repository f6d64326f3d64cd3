import ArgumentParser
import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A page's cursor: the id of the last item of the page before.
struct CursorArgument: ExpressibleByArgument, Sendable {
  let value: UUID

  init?(argument: String) {
    guard let value = UUID(uuidString: argument) else { return nil }
    self.value = value
  }
}
