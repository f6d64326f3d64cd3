import ArgumentParser
import CardeaKernel

/// `cardea owners update`.
struct OwnersUpdateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Change an owner's key limit or metadata.",
    discussion: """
      A lower limit ends no key: it only stops new ones. Metadata is replaced, not added to.

      Example:
        cardea owners update alice --max-keys 10
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var owner: OwnerOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many keys it may have, -1 for any number.", valueName: "count"))
  var maxKeys: WholeNumber?

  @Option(help: ArgumentHelp("A JSON object to keep with the owner.", valueName: "json"))
  var metadata: MetadataArgument?

  func perform(_ session: Session) async throws {
    guard maxKeys != nil || metadata != nil else {
      throw CommandFailure.usage(
        "there is nothing to change", remedy: "Give --max-keys or --metadata.")
    }
    var edit = OwnerEdit()
    edit.maxKeys = maxKeys?.value
    edit.metadata = metadata?.value
    let found = try await owner.find(in: session.kernel)
    try ChangeOutput(session).owner(
      try await session.kernel.updateOwner(found.id, edit, by: .commandLine), "changed")
  }
}
