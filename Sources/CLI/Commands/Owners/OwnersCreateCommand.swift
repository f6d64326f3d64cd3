import ArgumentParser
import CardeaLifecycle

/// `cardea owners create`.
struct OwnersCreateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make an owner.",
    discussion: """
      Example:
        cardea owners create billing --kind system --max-keys 3
        cardea owners create alice --with-key first --scope orders:read
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption

  @Argument(help: "The name: printable ASCII without space, comma, quotes or %.")
  var name: String

  @Option(help: ArgumentHelp("user, system or organization.", valueName: "kind"))
  var kind: OwnerRecord.Kind = .user

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many keys it may have, -1 for any number; else keys.max_per_owner.", valueName: "count"))
  var maxKeys: WholeNumber?

  @Option(help: ArgumentHelp("A JSON object to keep with the owner.", valueName: "json"))
  var metadata: MetadataArgument?

  @Option(
    name: .customLong("member"),
    help: ArgumentHelp(
      "A user who belongs to the organization. Again for another.", valueName: "name"))
  var members: [String] = []

  @Option(
    help: ArgumentHelp(
      "Issue a key of this name with the owner and print its token, once.", valueName: "name"))
  var withKey: String?

  @OptionGroup(title: "The key that is issued with it") var scopes: ScopeOptions
  @OptionGroup(title: "The key that is issued with it") var expiry: ExpiryOptions
  @OptionGroup var tokenFile: TokenFileOption

  func validate() throws {
    if withKey == nil, scopes.names != nil || expiry.expiry != nil {
      throw ValidationError("scopes and expiry are those of a key: say --with-key NAME too")
    }
  }

  func perform(_ session: Session) async throws {
    var new = NewOwner(kind: kind, name: name, maxKeys: maxKeys?.value)
    new.metadata = metadata?.value ?? [:]
    new.members = members
    if let withKey {
      var key = NewKey(name: withKey)
      key.scopes = scopes.names
      key.expiry = expiry.expiry ?? .standard
      new.firstKey = key
    }
    var file: TokenFile?
    if let path = tokenFile.tokenFile, !trial.dryRun { file = try TokenFile(creating: path) }
    let created = try await session.kernel.createOwner(new, by: trial.actor)
    try ChangeOutput(session, trial).owner(created, "made", &file)
  }
}
