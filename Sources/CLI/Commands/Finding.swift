/// Something that `cardea check` or `cardea doctor` has to say.
struct Finding: Sendable, Equatable, Encodable {
  enum Level: String, Sendable, Encodable {
    case note, warning
    /// What is broken already.
    case fault
  }

  let level: Level
  /// Stable, for programs: `admin_never_expires`.
  let code: String
  let message: String

  static func fault(_ code: String, _ message: String) -> Finding {
    Finding(level: .fault, code: code, message: message)
  }

  static func warning(_ code: String, _ message: String) -> Finding {
    Finding(level: .warning, code: code, message: message)
  }

  static func note(_ code: String, _ message: String) -> Finding {
    Finding(level: .note, code: code, message: message)
  }
}
