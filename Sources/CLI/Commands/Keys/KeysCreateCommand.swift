import ArgumentParser
import CardeaLifecycle

/// `cardea keys create`.
struct KeysCreateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a key and print its token, once.",
    discussion: """
      The token goes to stdout, alone on its line; everything else to stderr. An owner that does not \
      exist is made with the key, unless keys.owner_must_exist forbids it.

      Example:
        cardea keys create shop --owner alice --scope orders:read --expires-in 30d
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption

  @Argument(help: "What people call the key.")
  var name: String

  @Option(help: "What it is for.")
  var description = ""

  @Option(help: ArgumentHelp("user or system.", valueName: "kind"))
  var kind: KeyRecord.Kind = .user

  @Option(name: .customLong("class"), help: ArgumentHelp("The key's class.", valueName: "class"))
  var keyClass = "default"

  @Option(help: ArgumentHelp("The name of the owner.", valueName: "name"))
  var owner: String?

  @Option(help: ArgumentHelp("The owner's kind: user, system or organization.", valueName: "kind"))
  var ownerKind: OwnerRecord.Kind = .user

  @OptionGroup var scopes: ScopeOptions
  @OptionGroup var expiry: ExpiryOptions

  @Option(help: ArgumentHelp("A JSON object to keep with the key.", valueName: "json"))
  var metadata: MetadataArgument?

  @Option(help: ArgumentHelp("The token's format instead of token.format.", valueName: "format"))
  var format: String?

  @OptionGroup var tokenFile: TokenFileOption

  func perform(_ session: Session) async throws {
    var new = NewKey(name: name)
    new.description = description
    new.kind = kind
    new.keyClass = keyClass
    new.owner = owner.map { OwnerReference(kind: ownerKind, name: $0) }
    new.scopes = scopes.names
    new.expiry = expiry.expiry ?? .standard
    new.metadata = metadata?.value ?? [:]
    new.format = format
    var file: TokenFile?
    if let path = tokenFile.tokenFile, !trial.dryRun { file = try TokenFile(creating: path) }
    let issued = try await session.kernel.createKey(new, by: trial.actor)
    if trial.dryRun { return try ChangeOutput(session, trial).rehearsed(issued, "made") }
    try IssuedKeyOutput(session: session, verb: "made").hand(over: issued, to: &file)
  }
}
