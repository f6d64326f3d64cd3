import CardeaKernel
import CardeaServer

/// A key that was just made or given a new secret, as the command line hands it over: the token
/// alone on a line of stdout (or in a file), everything else on stderr; with `--json` one document.
struct IssuedKeyOutput {
  let session: Session
  /// What was done: `made`, `rotated`.
  let verb: String

  func hand(over issued: IssuedKey, to file: inout TokenFile?) throws {
    let now = session.now
    if file != nil { try file?.keep(issued.token) }
    guard !session.json else {
      if file == nil {
        try session.print(IssuedKeyResource(issued, at: now))
      } else {
        try session.print(
          KeptKeyResource(key: KeyResource(issued.stored, at: now), receipt: issued.receipt))
      }
      return
    }
    let key = issued.stored.key
    let expiry = key.expiresAt.map { "expires \($0.rfc3339)" } ?? "never expires"
    let scopes =
      key.scopes.isEmpty ? "no scopes" : "scopes \(key.scopes.names.joined(separator: ", "))"
    let console = session.console
    let name = SafeText.line(key.name)
    console.note("Key \(key.prefix) (\(name)) \(verb): \(expiry), \(scopes), id \(key.id.text).")
    if let path = file?.path {
      console.note("Its token is in \(SafeText.line(path)).")
    } else {
      console.note("Its token follows. It is shown this once and can't be shown again.")
      console.out(issued.token.reveal())
    }
  }

  /// The same without the token, which is in a file.
  private struct KeptKeyResource: Encodable {
    let key: KeyResource
    let receipt: Receipt
  }
}
