import CardeaContracts
import CardeaHTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the templates show of times, states and problems.
enum PageText {
  /// A moment for `<time>`: `at` for programs, `text` to read, `ago` from now. False without one.
  static func time(_ time: Timestamp?, now: Timestamp) -> Any {
    guard let time else { return false }
    return [
      "at": time.rfc3339, "text": minute(time), "ago": distance(time, now: now),
    ] as [String: Any]
  }

  /// `2026-11-21 22:54 UTC`.
  static func minute(_ time: Timestamp) -> String {
    let text = time.rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
  }

  /// `2026-11-21 22:54:07 UTC`.
  static func second(_ time: Timestamp) -> String {
    let text = time.rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
  }

  /// `1.2 ms`.
  static func milliseconds(_ microseconds: Int64) -> String {
    "\(microseconds / 1_000).\(microseconds % 1_000 / 100) ms"
  }

  /// `in 3 days`, `2 hours ago`; what was while the page was made is just now, too.
  static func distance(_ time: Timestamp, now: Timestamp) -> String {
    let seconds = (time.milliseconds - now.milliseconds) / 1_000
    let length = seconds.magnitude
    if length < 60 { return seconds <= 0 ? "just now" : "in less than a minute" }
    // From when on a unit is used, and how long it is.
    let units: [(from: UInt64, size: UInt64, name: String)] = [
      (730 * 86_400, 365 * 86_400, "year"), (120 * 86_400, 30 * 86_400, "month"),
      (2 * 86_400, 86_400, "day"), (2 * 3_600, 3_600, "hour"),
    ]
    let (_, size, name) = units.first { length >= $0.from } ?? (60, 60, "minute")
    // To the nearest: what was made for 30 days has 30 to go, not 29.
    let count = (length + size / 2) / size
    let text = "\(count) \(name)\(count == 1 ? "" : "s")"
    return seconds < 0 ? "\(text) ago" : "in \(text)"
  }

  static func json(_ metadata: [String: JSONValue]) -> String {
    guard !metadata.isEmpty, let data = try? JSONEncoder.contract(pretty: true).encode(metadata)
    else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  /// The same to look at; false without any.
  static func metadata(_ metadata: [String: JSONValue]) -> Any {
    (metadata.isEmpty ? nil : json(metadata)).shown
  }

  /// A problem in words.
  static func problem(_ problem: Problem) -> (title: String, detail: String) {
    let title =
      switch problem.status {
      case 400, 422: "That can't be taken"
      case 403: "Not with this key"
      case 404: "There is nothing here"
      case 405: "Not like this"
      case 409: "That can't be done now"
      case 413: "Too much at once"
      case 429: "Too many attempts"
      case 503: "Not right now"
      default: "Something went wrong"
      }
    let detail =
      switch problem.status {
      case 404: "What you look for does not exist, or not any more."
      case 405: "This address does not take what was sent so."
      case 503: "The server can't answer at the moment. Try again."
      default: problem.detail ?? "The server's log says more."
      }
    return (title, sentence(detail))
  }

  /// With a capital at its beginning and a full stop at its end.
  static func sentence(_ text: String) -> String {
    let head = text.prefix(1).uppercased() + text.dropFirst()
    return head.hasSuffix(".") || head.hasSuffix("?") ? head : "\(head)."
  }

  /// Choices of a `<select>`.
  static func options(
    _ values: [String], selected: String?, any: String? = nil
  ) -> [[String: Any]] {
    let first: [[String: Any]] =
      any.map { [["value": "", "label": $0, "selected": selected == nil]] } ?? []
    return first
      + values.map { ["value": $0, "label": $0, "selected": $0 == selected] }
  }

  /// What a faulty form shows above itself, with a link to the field.
  static func errors(_ problem: Problem?) -> Any {
    guard let problem else { return false }
    let field = field(problem)
    var text = problem.detail ?? problem.code
    if let name = problem.field, text.hasPrefix("\(name): ") {
      text = String(text.dropFirst(name.count + 2))
    }
    return ["field": field.shown, "label": field.map(label).shown, "text": text] as [String: Any]
  }

  /// The field that is at fault, as a name that is true.
  static func bad(_ problem: Problem?) -> [String: Any] {
    problem.flatMap(field).map { [$0: true] } ?? [:]
  }

  /// Which field of the form a problem is about.
  private static func field(_ problem: Problem) -> String? {
    switch problem.field {
    case "expires_in", "expires_at": "expires"
    case let field?: field.split(separator: ".").first.map(String.init)
    case nil: nil
    }
  }

  private static func label(_ field: String) -> String {
    if field == "url" { return "URL" }
    let words = field.replacing("_", with: " ")
    return words.prefix(1).uppercased() + words.dropFirst()
  }
}

extension Optional {
  /// What a template takes: the value, or false, since what is missing is looked for further out.
  var shown: Any { map { $0 as Any } ?? false as Any }
}
