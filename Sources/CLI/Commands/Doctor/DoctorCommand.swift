import ArgumentParser
import CardeaContracts

/// `cardea doctor`.
struct DoctorCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Examine what can break: files, database, logs, spool, subscriptions, keys.",
    discussion: """
      Goes further than cardea check, which looks at the settings: every page of the database is read, both \
      logs' chains are verified, and what stands still or runs full is named, with a remedy each. Nothing is \
      changed, and a server may go on meanwhile.

      Exit code 0: nothing is broken; there may be warnings. 1: something is, and is named. 2: the \
      configuration has faults. 3: the store can't be opened.

      Example:
        cardea doctor --config /etc/cardea.yaml
      """)

  @OptionGroup var common: CommonOptions

  @Option(
    help: ArgumentHelp(
      "An earlier key that signed, as 64 hexadecimal digits; again for another.", valueName: "hex"))
  var publicKey: [PublicKeyArgument] = []

  func perform() async throws {
    try await Session.run(common) { session in
      let doctor = Doctor(session, signers: publicKey.map(\.value))
      let findings = await doctor.findings()
      guard !session.json else {
        try session.print(["findings": findings])
        return try DoctorCommand.finish(findings)
      }
      for finding in findings {
        session.console.out("\(finding.level.rawValue): \(SafeText.line(finding.message))")
      }
      let faults = findings.count { $0.level == .fault }
      let warnings = findings.count { $0.level == .warning }
      session.console.out("\(faults) broken, \(warnings) to look at")
      try DoctorCommand.finish(findings)
    }
  }

  private static func finish(_ findings: [Finding]) throws {
    if findings.contains(where: { $0.level == .fault }) {
      throw ExitCode(CommandFailure.Exit.refused.rawValue)
    }
  }
}
