import ArgumentParser
import CardeaLifecycle

/// `cardea keys update`.
struct KeysUpdateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Change a key's name, description, class, scopes, expiry or metadata.",
    discussion: """
      What is not given stays as it is. Scopes and metadata are replaced, not added to.

      Example:
        cardea keys update tok_ab12CD34 --scope orders:read --expires-in 90d
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var key: KeyReference

  @Option(help: "What people call the key.")
  var name: String?

  @Option(help: "What it is for.")
  var description: String?

  @Option(name: .customLong("class"), help: ArgumentHelp("The key's class.", valueName: "class"))
  var keyClass: String?

  @OptionGroup var scopes: ScopeOptions
  @OptionGroup var expiry: ExpiryOptions

  @Option(help: ArgumentHelp("A JSON object to keep with the key.", valueName: "json"))
  var metadata: MetadataArgument?

  func perform(_ session: Session) async throws {
    var edit = KeyEdit()
    edit.name = name
    edit.description = description
    edit.keyClass = keyClass
    edit.scopes = scopes.names
    edit.expiry = expiry.expiry
    edit.metadata = metadata?.value
    let stored = try await key.find(in: session.kernel)
    let changed = try await session.kernel.updateKey(stored.key.id, edit, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "changed")
  }
}
