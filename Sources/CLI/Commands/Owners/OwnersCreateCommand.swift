import ArgumentParser
import CardeaKernel

/// `cardea owners create`.
struct OwnersCreateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make an owner.",
    discussion: """
      Example:
        cardea owners create billing --kind system --max-keys 3
      """)

  @OptionGroup var common: CommonOptions

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

  func perform(_ session: Session) async throws {
    var new = NewOwner(kind: kind, name: name, maxKeys: maxKeys?.value)
    new.metadata = metadata?.value ?? [:]
    try ChangeOutput(session).owner(
      try await session.kernel.createOwner(new, by: .commandLine), "made")
  }
}
