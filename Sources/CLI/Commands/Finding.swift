/// Something that `cardea check` has to say.
struct Finding: Sendable, Equatable, Encodable {
  enum Level: String, Sendable, Encodable { case note, warning }

  let level: Level
  /// Stable, for programs: `admin_never_expires`.
  let code: String
  let message: String

  static func warning(_ code: String, _ message: String) -> Finding {
    Finding(level: .warning, code: code, message: message)
  }

  static func note(_ code: String, _ message: String) -> Finding {
    Finding(level: .note, code: code, message: message)
  }
}
