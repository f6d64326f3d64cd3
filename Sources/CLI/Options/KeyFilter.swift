import ArgumentParser
import CardeaLifecycle

/// Which keys a command is about. Every filter that is given must hold.
struct KeyFilter: ParsableArguments {
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

  @Option(help: ArgumentHelp("Keys whose prefix begins so.", valueName: "text"))
  var prefix: String?

  @Option(help: ArgumentHelp("Created at or after this time.", valueName: "time"))
  var createdFrom: TimestampArgument?

  @Option(help: ArgumentHelp("Created before this time.", valueName: "time"))
  var createdBefore: TimestampArgument?

  @Option(help: ArgumentHelp("Created longer ago: 90d, or before a time.", valueName: "age"))
  var olderThan: MomentArgument?

  @Option(help: ArgumentHelp("Expiring at or after this time.", valueName: "time"))
  var expiresFrom: TimestampArgument?

  @Option(help: ArgumentHelp("Expiring before this time.", valueName: "time"))
  var expiresBefore: TimestampArgument?

  @Option(
    help: ArgumentHelp(
      "Not used, nor reactivated, for so long: 90d, or since a time.", valueName: "age"))
  var unusedSince: MomentArgument?

  @Option(
    name: .customLong("metadata"),
    help: ArgumentHelp(
      "A field of the metadata and what it reads: team=ops. Again for another.",
      valueName: "field=value"))
  var metadata: [MetadataMatch] = []

  @Option(help: ArgumentHelp("A part of the name, description or prefix.", valueName: "text"))
  var query: String?

  /// Whether nothing was said.
  var isEmpty: Bool {
    owner == nil && state == nil && kind == nil && keyClass == nil && scope == nil && prefix == nil
      && createdFrom == nil && createdBefore == nil && olderThan == nil && expiresFrom == nil
      && expiresBefore == nil && unusedSince == nil && metadata.isEmpty && query == nil
  }

  func validate() throws {
    // Every key would fit, and whoever wrote it (a script whose variable is unset) meant some.
    for (name, text) in [("prefix", prefix), ("query", query)] where text?.isEmpty == true {
      throw ValidationError("--\(name) must not be empty")
    }
    if Set(metadata.map(\.field)).count < metadata.count {
      throw ValidationError("--metadata names one field twice")
    }
  }

  /// The query, or `nil` if the owner does not exist: nobody's keys.
  func query(_ session: Session) async throws -> KeyQuery? {
    var filter = KeyQuery(now: session.now)
    if let owner {
      let reference = OwnerReference(kind: ownerKind, name: owner)
      guard let found = try await session.kernel.findOwner(reference) else {
        session.console.note("There is no \(ownerKind.rawValue) \(SafeText.line(owner)).")
        return nil
      }
      filter.ownerID = found.id
    }
    filter.state = state
    filter.kind = kind
    filter.keyClass = keyClass
    filter.scope = scope
    filter.prefix = prefix
    filter.createdFrom = createdFrom?.value
    filter.createdBefore = [createdBefore?.value, olderThan?.moment(at: session.now)]
      .compactMap { $0 }.min()
    filter.expiresFrom = expiresFrom?.value
    filter.expiresBefore = expiresBefore?.value
    filter.unusedBefore = unusedSince?.moment(at: session.now)
    filter.metadata = Dictionary(metadata.map { ($0.field, $0.text) }) { first, _ in first }
    filter.text = query
    return filter
  }
}
