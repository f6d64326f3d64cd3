import CPostgreSQL

// What libpq says went wrong.
extension Failure {
  /// That a connection was lost or could not be made, and what is said of it, on one line.
  init(of connection: OpaquePointer) {
    let said = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    let line = said.split { $0.isWhitespace }.joined(separator: " ")
    self = .lost(line.isEmpty ? "the connection was lost" : line)
  }

  /// Why the server refused; `nil` if it is not the server that says so.
  init?(in result: OpaquePointer) {
    // `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`, which Swift does not import. The detail beside them repeats
    // values of rows.
    let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
    let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
    guard let state else { return nil }
    self = .refused(state: state, message: primary ?? "no reason was given")
  }
}
