import CardeaLifecycle
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One action on every key that filters find: says how many there are, asks, does it, and says what came of it.
struct BulkRun {
  let session: Session
  let action: BulkAction
  let trial: DryRunOption
  let waiting: WaitOption
  var rotation = Rotation()

  func perform(
    _ filter: KeyFilter, _ confirmation: Confirmation, tokenFile path: String? = nil
  ) async throws {
    let console = session.console
    var selected: [SelectedKey] = []
    var query = KeyQuery(now: session.now)
    if let found = try await filter.query(session) {
      query = found
      selected = try await session.kernel.select(query, for: action, rotation: rotation)
    }
    if !selected.isEmpty, !trial.dryRun {
      let keys = selected.count == 1 ? "1 key" : "\(selected.count) keys"
      try confirmation.askForMany("\(imperative) \(keys)?", console)
    }
    var file: TokenFile?
    if let path, !trial.dryRun { file = try TokenFile(creating: path) }
    var output = TokenOutput(
      session, isSilent: action != .rotate || trial.dryRun || selected.isEmpty)
    try output.open(to: &file)
    var rehearsed: [SelectedKey] = []
    var progress = Progress(console, "of \(selected.count)")
    var report = await session.kernel.change(
      selected, action, matching: query, rotation: rotation, by: trial.actor
    ) { key, outcome in
      progress.add(1)
      switch outcome {
      case .changed, .issued: if trial.dryRun { rehearsed.append(key) }
      default: break
      }
      guard case .issued(let issued) = outcome else { return true }
      return output.hand(over: issued, to: &file)
    }
    progress.finish()
    if let receipt = report.receipt, !trial.dryRun {
      report.receipt = await waiting.settled(receipt, session)
    }
    try finish(report, &output, rehearsed)
  }

  private var imperative: String {
    switch action {
    case .rotate:
      rotation.overlap == .zero ? "Rotate, so that the present tokens die at once," : "Rotate"
    case .suspend: "Suspend"
    case .reactivate: "Reactivate"
    case .revoke: "Revoke for ever"
    case .purge: "Purge, erasing their data for ever,"
    }
  }

  private var past: String {
    switch action {
    case .rotate: "rotated"
    case .suspend: "suspended"
    case .reactivate: "reactivated"
    case .revoke: "revoked"
    case .purge: "purged"
    }
  }

  private func finish(
    _ report: BulkReport, _ output: inout TokenOutput, _ rehearsed: [SelectedKey]
  ) throws {
    let console = session.console
    if session.json {
      try output.close(
        BulkResource(report, of: action, issued: nil, rehearsed: trial.dryRun ? rehearsed : nil))
    } else {
      let count = report.changed == 1 ? "1 key" : "\(report.changed) keys"
      for key in rehearsed { console.out(key.prefix) }
      let line = "\(count) \(trial.dryRun ? "would be " : "")\(past)."
      if action == .rotate, !trial.dryRun { console.note(line) } else { console.out(line) }
      if let receipt = report.receipt, !trial.dryRun {
        let namesNodes = session.kernel.namesNodes
        let text = ReceiptText.sentence(receipt, namesNodes: namesNodes, waited: waiting.wait)
        if waiting.wait || namesNodes, !text.isEmpty { console.note(text) }
      }
      if let file = output.file { console.note("\(file.count) tokens are in \(file.path).") }
      if report.unchanged > 0 {
        console.note("\(report.unchanged) left alone: changed by others meanwhile.")
      }
      for failure in report.failures {
        console.note(
          "Not \(past): \(failure.key.prefix): \(SafeText.line(failure.error.description))")
      }
      if report.failed > report.failures.count {
        console.note("… and \(report.failed - report.failures.count) more.")
      }
      if report.notTried > 0 { console.note("Not tried any more: \(report.notTried).") }
    }
    for prefix in output.lost {
      console.note(
        "The new token of \(prefix) could not be written; nobody has it. Give the key another: "
          + "cardea keys rotate \(prefix)")
    }
    guard report.failed == 0, report.notTried == 0, output.lost.isEmpty else {
      let isStore = report.failures.contains {
        if case .storeUnavailable = $0.error { true } else { false }
      }
      throw CommandFailure(
        exit: isStore ? .store : .refused, code: "partly_done",
        message: "\(report.changed) of \(report.matched) keys were \(past)",
        remedy: report.notTried > 0
          ? "What was done stays done. Run it again for the rest."
          : "What was done stays done; each of the others is named with its reason.")
    }
  }
}

/// New tokens, written out one by one as they come into force: lines of CSV (RFC 4180), or the elements of the
/// contract's `issued`.
private struct TokenOutput {
  private let session: Session
  private let isSilent: Bool
  private var count = 0
  /// Whether stdout has the beginning of a document of tokens.
  private var isOpen = false
  /// Where tokens were kept instead of on stdout, and how many.
  private(set) var file: (path: String, count: Int)?
  /// Prefixes of keys whose new token nothing would take.
  private(set) var lost: [String] = []

  init(_ session: Session, isSilent: Bool) {
    self.session = session
    self.isSilent = isSilent
  }

  /// Writes what stands before the first token. Who can't take that gets no token, and no key loses its own.
  mutating func open(to file: inout TokenFile?) throws(CommandFailure) {
    if isSilent || file != nil { return }
    session.console.out(session.json ? "{\"issued\" : [" : TokenOutput.header)
    isOpen = true
    guard session.console.outputFailure == nil else {
      throw .refused(
        "failed", "the new tokens can't be written to standard output",
        remedy: "Nothing was changed. Send the output where there is room.")
    }
  }

  /// Whether the token was kept, so that the next may be made.
  mutating func hand(over issued: IssuedKey, to file: inout TokenFile?) -> Bool {
    if isSilent { return true }
    defer { count += 1 }
    if file != nil {
      let text = (count == 0 ? [TokenOutput.header] : []) + [row(issued)]
      do {
        try file?.keep(Secret(text.joined(separator: "\n").utf8))
        self.file = (SafeText.line(file?.path ?? ""), (self.file?.count ?? 0) + 1)
        return true
      } catch {
        // It is in force and can't be kept: it must not be lost.
        session.console.note("\(error.message): it is on standard output.")
        session.console.out(row(issued))
        _ = isWritten(issued)
        return false
      }
    }
    if session.json {
      guard
        let data = try? JSONEncoder.contract(pretty: true).encode(
          IssuedKeyResource(issued, at: session.now))
      else { return false }
      session.console.out((count == 0 ? "" : ",\n") + String(decoding: data, as: UTF8.self))
    } else {
      session.console.out(row(issued))
    }
    return isWritten(issued)
  }

  /// Whether stdout took it; notes the key if not.
  private mutating func isWritten(_ issued: IssuedKey) -> Bool {
    if session.console.outputFailure == nil { return true }
    lost.append(issued.stored.key.prefix)
    return false
  }

  /// Ends the document with the rest of the answer.
  func close(_ resource: BulkResource) throws {
    let data = try JSONEncoder.contract(pretty: true).encode(resource)
    let text = String(decoding: data, as: UTF8.self)
    session.console.out(isOpen ? "],\n" + text.dropFirst() : text)
  }

  private static let header = "id,prefix,name,owner,token"

  private func row(_ issued: IssuedKey) -> String {
    let key = issued.stored.key
    return [
      key.id.text, key.prefix, key.name, issued.stored.owner?.name ?? "", issued.token.reveal(),
    ]
    .map(TokenOutput.field).joined(separator: ",")
  }

  /// Quoted where it must be; a spreadsheet takes what begins with these for a formula.
  private static func field(_ text: String) -> String {
    let isFormula = text.utf8.first.map { "=+-@".utf8.contains($0) } ?? false
    let safe = isFormula ? "'\(text)" : text
    guard safe.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return safe }
    return "\"\(safe.replacingOccurrences(of: "\"", with: "\"\""))\""
  }
}
