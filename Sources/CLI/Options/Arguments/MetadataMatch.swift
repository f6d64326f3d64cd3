import ArgumentParser

/// `team=ops`.
struct MetadataMatch: ExpressibleByArgument, Sendable {
  let field: String
  let text: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    field = String(parts[0])
    text = String(parts[1])
  }
}
