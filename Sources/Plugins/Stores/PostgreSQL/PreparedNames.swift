/// Under which names a connection's statements are prepared.
struct PreparedNames {
  /// Not behind a pooler in transaction mode, declared or found out: what was prepared is another session's next time.
  private(set) var areKept: Bool
  private var names: [String: String] = [:]
  private var count = 0

  /// - Parameter areKept: whether the server keeps what was prepared for the next time.
  init(areKept: Bool) { self.areKept = areKept }

  /// `nil` if the statement is not prepared yet.
  func name(of statement: Statement) -> String? { names[statement.sql] }

  /// A name for a statement that is about to be prepared.
  mutating func newName(for statement: Statement) -> String {
    count += 1
    let name = "c\(PreparedNames.digest(of: statement))_\(count)"
    names[statement.sql] = name
    return name
  }

  /// FNV-1a of what is prepared: no two sessions that a pooler mixes up call different statements by one name.
  private static func digest(of statement: Statement) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "\(statement.sql)\(statement.values.map(\.type))".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return String(hash, radix: 36)
  }

  /// Whether it was refused only because the name that it goes by was never made: what was to prepare it met a lock.
  func neverHad(_ request: Request, refused failure: Failure) -> Bool {
    guard case .refused("26000", _) = failure, let name = request.name else { return false }
    return names[request.statement.sql] != name
  }

  /// A statement that could not be prepared has no name. One whose result has another form than it had (0A000) has to
  /// be prepared anew. Where names are not known or taken (26000, 42P05) a pooler gives us now this session, now that.
  mutating func forget(after failure: Failure, of request: Request) {
    if request.prepares, request.rows == nil { names[request.statement.sql] = nil }
    guard case .refused(let state, _) = failure, request.statement.isKept else { return }
    switch state {
    case "0A000": names[request.statement.sql] = nil
    case "26000", "42P05":
      areKept = false
      names = [:]
    default: break
    }
  }
}
