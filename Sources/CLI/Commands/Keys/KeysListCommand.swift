import ArgumentParser
import CardeaKernel
import CardeaServer

/// `cardea keys list`.
struct KeysListCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List keys, newest first. Never shows a token or a hash.",
    discussion: """
      Every filter that is given must hold.

      Example:
        cardea keys list --state active --expires-before 2027-01-01T00:00:00Z
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Keys of this owner.", valueName: "name"))
  var owner: String?

  @Option(help: ArgumentHelp("The owner's kind: user, system or organization.", valueName: "kind"))
  var ownerKind: OwnerRecord.Kind = .user

  @Option(help: "active, suspended, expired, revoked or purged.")
  var state: KeyState?

  @Option(help: "user or system.")
  var kind: KeyRecord.Kind?

  @Option(name: .customLong("class"), help: ArgumentHelp("Keys of this class.", valueName: "class"))
  var keyClass: String?

  @Option(help: "Keys that hold exactly this scope.")
  var scope: String?

  @Option(help: ArgumentHelp("Created at or after this time.", valueName: "time"))
  var createdFrom: TimestampArgument?

  @Option(help: ArgumentHelp("Created before this time.", valueName: "time"))
  var createdBefore: TimestampArgument?

  @Option(help: ArgumentHelp("Expiring at or after this time.", valueName: "time"))
  var expiresFrom: TimestampArgument?

  @Option(help: ArgumentHelp("Expiring before this time.", valueName: "time"))
  var expiresBefore: TimestampArgument?

  @Option(help: ArgumentHelp("A part of the name, description or prefix.", valueName: "text"))
  var query: String?

  @Option(help: ArgumentHelp("How many keys a page holds, 1 to 1000.", valueName: "count"))
  var limit: WholeNumber?

  @Option(help: ArgumentHelp("Where the page before said to go on.", valueName: "cursor"))
  var cursor: CursorArgument?

  func validate() throws {
    if let limit, !(1...1_000).contains(limit.value) {
      throw ValidationError("--limit must be between 1 and 1000")
    }
  }

  func perform(_ session: Session) async throws {
    var filter = KeyQuery(now: session.now, limit: limit?.value ?? 100)
    if let owner {
      let reference = OwnerReference(kind: ownerKind, name: owner)
      do throws(LifecycleError) {
        filter.ownerID = try await session.kernel.owner(reference).id
      } catch {
        guard case .notFound = error else { throw CommandFailure(error) }
        // As over HTTP: an unknown owner has no keys.
        let none = Page<StoredKey>(items: [], next: nil)
        if session.json { return try session.print(PageResource(none, at: session.now)) }
        session.print(KeyOutput.table([], at: session.now))
        return session.console.note("No \(ownerKind.rawValue) has this name: cardea owners list")
      }
    }
    filter.state = state
    filter.kind = kind
    filter.keyClass = keyClass
    filter.scope = scope
    filter.createdFrom = createdFrom?.value
    filter.createdBefore = createdBefore?.value
    filter.expiresFrom = expiresFrom?.value
    filter.expiresBefore = expiresBefore?.value
    filter.text = query
    filter.after = cursor?.value
    let page = try await session.kernel.keys(filter)
    guard !session.json else { return try session.print(PageResource(page, at: session.now)) }
    session.print(KeyOutput.table(page.items, at: session.now))
    if let next = page.next { session.console.note("More: --cursor \(next.text)") }
  }
}
