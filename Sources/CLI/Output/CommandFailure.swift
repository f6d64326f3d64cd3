import CardeaContracts
import CardeaServer

/// Why a command did not do what it was asked: what, why, and what to do about it. Never holds a
/// token.
struct CommandFailure: Error, Sendable {
  /// The program's exit codes.
  enum Exit: Int32, Sendable {
    /// Refused: the token is not valid, the key is revoked, there is no such owner.
    case refused = 1
    /// Wrong usage or configuration. Nothing was started.
    case usage = 2
    /// The store can't be reached.
    case store = 3
  }

  let exit: Exit
  /// As in the HTTP contract's problems.
  let code: String
  let message: String
  var remedy: String?
  var field: String?
  /// Those of a configuration, below the message.
  var faults: [SettingFault] = []

  static func usage(_ message: String, remedy: String? = nil, field: String? = nil) -> Self {
    CommandFailure(exit: .usage, code: "usage", message: message, remedy: remedy, field: field)
  }

  static func refused(_ code: String, _ message: String, remedy: String? = nil) -> Self {
    CommandFailure(exit: .refused, code: code, message: message, remedy: remedy)
  }

  init(
    exit: Exit, code: String, message: String, remedy: String? = nil, field: String? = nil
  ) {
    self.exit = exit
    self.code = code
    self.message = message
    self.remedy = remedy
    self.field = field
  }

  /// A verdict that nothing could be found out for.
  init(unavailable reason: Denial.Reason) {
    let message =
      switch reason {
      case .auditUnavailable: "the audit can't be written, so nothing is allowed"
      case .overloaded: "too many slow hashes are waiting"
      case .storeUnavailable: "the store stopped answering"
      default: "a plugin failed, so nothing is allowed"
      }
    self.init(
      exit: .store, code: reason.rawValue, message: "the token was not judged: \(message)",
      remedy: reason == .overloaded ? "Try again." : "See: cardea check")
  }

  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as LifecycleError: self.init(error)
    case let error as StoreError: self.init(error)
    case let faults as SettingFaults: self.init(faults)
    case let faults as ConfigurationFaults:
      self.init(SettingFaults(faults.faults.map { SettingFault($0, origins: [:]) }))
    default:
      self.init(exit: .refused, code: "failed", message: "\(error)")
    }
  }

  init(_ error: LifecycleError) {
    switch error {
    case .storeUnavailable(let reason):
      self.init(
        exit: .store, code: error.code, message: "the store can't be used: \(reason)",
        remedy:
          "Whether a change under way was done is not known: look, and do it again if it was not. "
          + "The store is named by --store or store.url.")
    default:
      self.init(exit: .refused, code: error.code, message: error.description, field: error.field)
    }
  }

  /// Of the store itself, which was being opened or read.
  init(_ error: StoreError) {
    self.init(LifecycleError(error))
    if exit == .store {
      remedy = "Nothing was changed. Name another store with --store or store.url."
    }
  }

  init(_ faults: SettingFaults) {
    let count = faults.faults.count
    self.init(
      exit: .usage, code: "configuration",
      message: "\(count) fault\(count == 1 ? "" : "s") in the configuration; nothing was started",
      field: count == 1 ? faults.faults.first?.setting : nil)
    self.faults = faults.faults
  }

  /// Says it on stderr: in lines, or as one problem.
  func tell(_ console: Console, json: Bool) {
    guard !json else { return console.note(String(decoding: problem.body(), as: UTF8.self)) }
    for line in lines { console.note(line) }
  }

  /// For people.
  private var lines: [String] {
    var lines = ["cardea: \(message)"]
    for fault in faults {
      lines.append("  \(fault.origin): \(fault.setting)\(fault.value.map { " = \($0)" } ?? "")")
      lines.append("    \(fault.problem). \(fault.remedy)")
    }
    if let remedy { lines.append("  \(remedy.replacing("\n", with: "\n  "))") }
    return lines.map { SafeText.lines($0) }
  }

  /// For programs: the HTTP contract's problem.
  private var problem: Problem {
    let status =
      switch exit {
      case .store: 503
      case .usage: 400
      case .refused:
        switch code {
        case "not_found": 404
        case "invalid": 400
        case "overloaded": 503
        default: 409
        }
      }
    return Problem(status: status, code: code, detail: detail, field: field)
  }

  /// Everything that is told to people, on one line.
  private var detail: String {
    let parts = [message] + faults.map(\.description) + (remedy.map { [$0] } ?? [])
    let sentences = parts.map { part in
      part.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
    }
    return sentences.reduce("") { text, next in
      guard let last = text.last else { return next }
      return "\(text)\(".:!?…".contains(last) ? "" : ".") \(next)"
    }
  }
}
