import ArgumentParser
import CardeaLifecycle

/// `cardea audit verify`.
struct AuditVerifyCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check both logs for edits, deletions, reorderings and cuts.",
    discussion: """
      Names the first broken entry of each chain. Exit code 0 if both logs are whole, 1 if not. With \
      audit.signing_key_file, or the public keys that signed, checkpoints must bear their signatures; without \
      a key this finds accidents, not an owner of the database.

      Example:
        cardea audit verify --config /etc/cardea.yaml
        cardea audit verify --public-key 3b6a27bc… --store sqlite:copy.sqlite3
      """)

  @OptionGroup var common: CommonOptions

  @Option(
    help: ArgumentHelp(
      "A key that signed, as 64 hexadecimal digits; again for an earlier one.", valueName: "hex"))
  var publicKey: [PublicKeyArgument] = []

  func perform() async throws {
    do {
      try await Session.run(common) { try await perform($0) }
    } catch let error as StoreError {
      // A log whose end is not where its head says keeps the store from being opened.
      guard case .corrupt(let reason) = error else { throw error }
      throw CommandFailure.refused(
        "broken", reason, remedy: "No other log was looked at. Nothing was changed.")
    }
  }

  func perform(_ session: Session) async throws {
    let kernel = session.kernel
    var keys = publicKey.map(\.value)
    if let own = kernel.configuration.auditSigningKey {
      keys.append(kernel.primitives.publicKey(of: own))
    }
    let report = try await kernel.verifyAudit(keys: keys)
    if session.json {
      try session.print(AuditReportResource(report))
    } else {
      show(report, session)
    }
    if !report.isIntact { throw ExitCode(CommandFailure.Exit.refused.rawValue) }
  }

  private func show(_ report: AuditReport, _ session: Session) {
    var table = Table(["LOG", "NODE", "ENTRIES", "PRUNED", "STATED THROUGH", "RESULT"])
    for chain in report.chains {
      let fault = report.faults.first { $0.log == chain.log && $0.node == chain.node }
      table.add([
        .init(chain.log), .init(chain.node ?? "-"), .init(String(chain.entries)),
        .init(String(chain.pruned)),
        .init(chain.statedThrough == 0 ? "-" : String(chain.statedThrough)),
        fault.map { .init("broken at \($0.position): \($0.problem)", .red) }
          ?? .init("whole", .green),
      ])
    }
    session.print(table)
    for fault in report.faults where fault.log == "checkpoints" {
      let which = fault.position == 0 ? "checkpoints" : "checkpoint \(fault.position)"
      session.console.out("\(which): \(fault.problem)")
    }
    session.console.out(
      report.isSigned
        ? "signed: \(report.signed) of \(report.checkpoints) checkpoints bear a good signature."
        : "unsigned: finds accidents, not an owner of the database")
  }
}

/// The report for programs.
private struct AuditReportResource: Encodable {
  let report: AuditReport

  init(_ report: AuditReport) { self.report = report }

  private struct Chain: Encodable {
    let log: String
    let node: String?
    let entries: Int64
    let pruned: Int64
    let position: Int64
    let statedThrough: Int64

    enum CodingKeys: String, CodingKey {
      case log, node, entries, pruned, position
      case statedThrough = "stated_through"
    }
  }

  private struct Fault: Encodable {
    let log: String
    let node: String?
    let position: Int64
    let problem: String
  }

  private enum CodingKeys: String, CodingKey {
    case intact, signed, chains, faults, checkpoints
    case goodSignatures = "good_signatures"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(report.isIntact, forKey: .intact)
    try container.encode(report.isSigned, forKey: .signed)
    try container.encode(report.checkpoints, forKey: .checkpoints)
    try container.encode(report.signed, forKey: .goodSignatures)
    try container.encode(
      report.chains.map {
        Chain(
          log: $0.log, node: $0.node, entries: $0.entries, pruned: $0.pruned, position: $0.position,
          statedThrough: $0.statedThrough)
      }, forKey: .chains)
    try container.encode(
      report.faults.map {
        Fault(log: $0.log, node: $0.node, position: $0.position, problem: $0.problem)
      }, forKey: .faults)
  }
}
