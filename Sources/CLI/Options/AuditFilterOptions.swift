import ArgumentParser
import CardeaContracts

/// Which entries of the logs a command is about. Every filter that is given must hold.
struct AuditFilterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Entries about the key of this id; --prefix takes a prefix.", valueName: "id"))
  var key: CursorArgument?

  @Option(help: ArgumentHelp("Entries about the key of this prefix.", valueName: "prefix"))
  var prefix: String?

  @Option(help: ArgumentHelp("Entries about this owner or the owner's keys.", valueName: "name"))
  var owner: String?

  @Option(
    help: ArgumentHelp(
      "Entries of this name, such as key_revoked or user_logged_in.", valueName: "name"))
  var action: String?

  @Option(help: ArgumentHelp("Requests for this path; /orders/* for all below.", valueName: "path"))
  var path: String?

  @Option(help: ArgumentHelp("Requests of this method.", valueName: "method"))
  var method: String?

  @Option(help: ArgumentHelp("Requests whose verdict means this HTTP status.", valueName: "status"))
  var status: WholeNumber?

  @Option(help: ArgumentHelp("Requests from this address.", valueName: "address"))
  var address: AddressArgument?

  @Option(
    help: ArgumentHelp("Requests of this user agent; curl/* for all of them.", valueName: "text"))
  var userAgent: String?

  @Option(
    help: ArgumentHelp(
      "At or after this time, as 2026-11-01T00:00:00Z or 2026-11-01 (UTC).", valueName: "time"))
  var since: TimestampArgument?

  @Option(
    help: ArgumentHelp(
      "Before this time, as 2026-11-01T00:00:00Z or 2026-11-01 (UTC).", valueName: "time"))
  var until: TimestampArgument?

  func validate() throws {
    if let status, !(100...599).contains(status.value) {
      throw ValidationError("--status must be between 100 and 599")
    }
  }

  func query(limit: Int) -> AuditQuery {
    var query = AuditQuery(limit: limit)
    query.keyID = key?.value
    query.prefix = prefix
    query.owner = owner
    query.action = action
    query.path = path
    query.method = method
    query.status = status?.value
    query.address = address?.value.description
    query.userAgent = userAgent
    query.since = since?.value
    query.until = until?.value
    return query
  }
}
