import CardeaContracts

/// Why a statement gave nothing.
enum Failure: Error, Sendable {
  /// The server refused it, with a SQLSTATE and what it says of it, which names tables and columns, never values.
  case refused(state: String, message: String)
  /// The connection is gone, or the answer was overdue. Whether the statement had an effect is unknown.
  case lost(String)

  /// Transactions that stand in one another's way (`serialization_failure`, `deadlock_detected`), or a pooler between
  /// that mixes up what was prepared: this one may be tried again.
  var isTransient: Bool {
    guard case .refused(let state, _) = self else { return false }
    return ["40001", "40P01", "26000", "42P05"].contains(state)
  }

  /// Whether the server can't serve us any more on this connection, though it is there.
  var isOfServer: Bool {
    guard case .refused(let state, _) = self else { return false }
    // A standby; shutting down, crashed, starting.
    return state == "25006" || state.hasPrefix("57P")
  }

  /// As server or libpq say it.
  var reason: String {
    switch self {
    case .refused(let state, let said): "\(said) (SQLSTATE \(state))"
    case .lost(let said): said
    }
  }

  /// What helps, behind a semicolon; empty if nothing is known to. It goes by what servers and libpq say in English:
  /// connecting gives no SQLSTATE before PostgreSQL 16's libpq.
  var remedy: String {
    let remedies = [
      ("password authentication failed", "check user and password (PGPASSWORD, ~/.pgpass)"),
      ("no password supplied", "give the password in PGPASSWORD or ~/.pgpass"),
      ("too many clients", "raise max_connections, or run fewer nodes on one server"),
      ("remaining connection slots", "raise max_connections, or run fewer nodes on one server"),
      (
        "too many connections",
        "raise the limit of role or database, or run fewer nodes on one server"
      ),
      ("role \"", "create the role, or name another user in the URL"),
      ("database \"", "create the database, or name another in the URL"),
      ("no pg_hba.conf entry", "allow user and address in the server's pg_hba.conf"),
      ("certificate", "check sslmode, sslrootcert and the server's name"),
      ("SSL", "check sslmode, sslrootcert and whether the server has TLS"),
      ("read-only", "this server is a standby or set to read only: name the primary, or all hosts"),
      ("Connection refused", "is the server running, and on this port?"),
      ("timeout expired", "is the server reachable from this machine?"),
    ]
    let remedy = remedies.first { reason.contains($0.0) }?.1
    return remedy.map { "; \($0)" } ?? ""
  }
}

// Which of PostgreSQL's SQLSTATEs (manual, appendix A) means what to the kernel.
extension StoreError {
  init(_ failure: Failure) {
    switch failure {
    case .lost: self = .unavailable("PostgreSQL: \(failure.reason)\(failure.remedy)")
    case .refused(let state, _):
      let said = "PostgreSQL: \(failure.reason)"
      self =
        switch state {
        case "25006":
          .unavailable(
            "\(said); this server is a standby or set to read only: name the primary, or all hosts "
              + "in one URL")
        case "42501":
          .unavailable("\(said); grant the user the schema cardea and its tables")
        case "53100":
          .unavailable("\(said); free space on the server, and it goes on without a restart")
        case "53300":
          .unavailable("\(said); raise max_connections, or run fewer nodes on one server")
        case "26000", "42P05":
          .unavailable(
            "\(said); if a pooler in transaction mode stands between, add pooler=transaction to the URL"
          )
        case "42P01", "3F000", "42703":
          .corrupt("\(said); the database's tables are not those of Cardea: restore them")
        case "XX001", "XX002":
          .corrupt("\(said); the server's files are damaged: restore them from a backup")
        default: .unavailable(said)
        }
    }
  }

  static let closed = StoreError.unavailable("the store is not open")
}
