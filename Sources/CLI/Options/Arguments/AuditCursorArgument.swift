import ArgumentParser
import CardeaContracts

/// Where a page of the logs goes on.
struct AuditCursorArgument: ExpressibleByArgument, Sendable {
  let value: AuditCursor

  init?(argument: String) {
    guard let value = AuditCursor(argument) else { return nil }
    self.value = value
  }
}
