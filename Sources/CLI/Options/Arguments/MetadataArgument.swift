import ArgumentParser
import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A JSON object.
struct MetadataArgument: ExpressibleByArgument, Sendable {
  let value: [String: JSONValue]

  init?(argument: String) {
    guard
      let value = try? JSONDecoder().decode(
        [String: JSONValue].self, from: Data(argument.utf8))
    else { return nil }
    self.value = value
  }
}
