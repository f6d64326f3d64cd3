import ArgumentParser
import CardeaLifecycle

/// `cardea owners update`.
struct OwnersUpdateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Change an owner's key limit, metadata or members.",
    discussion: """
      A lower limit ends no key: it only stops new ones. Metadata and members are replaced, not \
      added to.

      Example:
        cardea owners update alice --max-keys 10
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var owner: OwnerOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many keys it may have, -1 for any number.", valueName: "count"))
  var maxKeys: WholeNumber?

  @Option(help: ArgumentHelp("A JSON object to keep with the owner.", valueName: "json"))
  var metadata: MetadataArgument?

  @Option(
    name: .customLong("member"),
    help: ArgumentHelp(
      "A user who belongs to the organization. Again for another.", valueName: "name"))
  var members: [String] = []

  @Flag(help: "No member at all.")
  var noMembers = false

  func perform(_ session: Session) async throws {
    guard maxKeys != nil || metadata != nil || !members.isEmpty || noMembers else {
      throw CommandFailure.usage(
        "there is nothing to change", remedy: "Give --max-keys, --metadata or --member.")
    }
    var edit = OwnerEdit()
    edit.maxKeys = maxKeys?.value
    edit.metadata = metadata?.value
    edit.members = noMembers ? [] : members.isEmpty ? nil : members
    let found = try await owner.find(in: session.kernel)
    let changed = try await session.kernel.updateOwner(found.id, edit, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).owner(changed, "changed")
  }
}
