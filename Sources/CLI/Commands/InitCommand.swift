import ArgumentParser
import CardeaLifecycle

/// `cardea init`: makes the store and the first admin key.
struct InitCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make the store and its first admin key.",
    discussion: """
      The key holds cardea:admin and never expires. Its token goes to stdout, alone on its line, and \
      everything else to stderr, so it can be piped. A store in which a key was ever made is \
      refused; --new-admin makes another admin key there, for when the first is lost.

      Example:
        cardea init --store sqlite:/var/lib/cardea/keys.sqlite3 --token-file admin.token
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var tokenFile: TokenFileOption

  @Flag(help: "Make another admin key in a store that has keys already.")
  var newAdmin = false

  @Option(help: ArgumentHelp("The key's name.", valueName: "name"))
  var name = "admin"

  func perform() async throws {
    let key = AdminKey.new(name: name)
    // Both before the store is opened, which may make it: what fails here changes nothing.
    do throws(LifecycleError) { try LifecycleRules.checkName(name) } catch {
      throw CommandFailure.usage(
        error.description, remedy: "Nothing was changed. Give another --name.", field: "name")
    }
    var file: TokenFile?
    if let path = tokenFile.tokenFile { file = try TokenFile(creating: path) }
    try await Session.run(common, mayCreate: !newAdmin, mustLast: true) { session in
      let issued =
        newAdmin
        ? try await session.kernel.createKey(key, by: .commandLine)
        : try await session.kernel.bootstrap(key)
      if session.kernel.configuration.auditSigningKey != nil {
        try await session.kernel.checkpointAudit(.periodic)
      }
      try IssuedKeyOutput(session: session, verb: "made").hand(over: issued, to: &file)
      if !session.json {
        session.console.note(
          "Whoever has this token may do everything. Start the server: "
            + SafeText.line(common.command("serve")))
      }
    }
  }
}
