import CardeaLifecycle
import CardeaServer

/// A key that was just made or given a new secret, as the command line hands it over: the token
/// alone on a line of stdout (or in a file), everything else on stderr; with `--json` one document.
struct IssuedKeyOutput {
  let session: Session
  /// What was done: `made`, `rotated`.
  let verb: String

  /// - Throws: if the token could not be written where it was to go. What a file would not take is on stdout then; what
  ///   stdout would not take either is lost, and the failure says how to get another.
  func hand(over issued: IssuedKey, to file: inout TokenFile?) throws {
    let now = session.now
    if file != nil {
      do throws(CommandFailure) { try file?.keep(issued.token) } catch {
        // It is in force, and the old one may be dead.
        file = nil
        try hand(over: issued, to: &file)
        throw error
      }
    }
    guard !session.json else {
      if file == nil {
        try session.print(IssuedKeyResource(issued, at: now))
        try check(issued)
      } else {
        try session.print(
          KeptKeyResource(key: KeyResource(issued.stored, at: now), receipt: issued.receipt))
      }
      return
    }
    let key = issued.stored.key
    let expiry = key.expiresAt.map { "expires \($0.rfc3339)" } ?? "never expires"
    let scopes =
      key.scopes.isEmpty ? "no scopes" : "scopes \(key.scopes.names.joined(separator: " "))"
    let old = key.openOverlap(at: now).map { ", its old token works until \($0.rfc3339)" } ?? ""
    let console = session.console
    let name = SafeText.line(key.name)
    console.note(
      "Key \(key.prefix) (\(name)) \(verb): \(expiry), \(scopes), id \(key.id.text)\(old).")
    if let path = file?.path {
      console.note("Its token is in \(SafeText.line(path)).")
    } else {
      console.note("Its token follows. It is shown this once and can't be shown again.")
      console.out(issued.token.reveal())
      try check(issued)
    }
  }

  private func check(_ issued: IssuedKey) throws(CommandFailure) {
    guard let failure = session.console.outputFailure else { return }
    let prefix = issued.stored.key.prefix
    throw .refused(
      "token_not_written",
      "the key \(prefix) was \(verb), but its token could not be written to standard output: "
        + failure.reason,
      remedy: "Nobody has the token. Give the key another: cardea keys rotate \(prefix)")
  }

  /// The same without the token, which is in a file.
  private struct KeptKeyResource: Encodable {
    let key: KeyResource
    let receipt: Receipt
  }
}
