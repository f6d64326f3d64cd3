import CardeaContracts
import CardeaHTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The items of a query, each of a known name, and at most once unless its name is that of a list.
package struct QueryFields: Sendable {
  private var items: [String: String] = [:]
  private var lists: [String: [String]] = [:]

  /// Fields of metadata, each with the text that it must read.
  private(set) var metadata: [String: String] = [:]

  /// - Parameter takesMetadata: whether `metadata.FIELD` is a name too.
  /// - Parameter lists: which of the known names may be given several times, or with commas between their values.
  /// - Parameter ignored: names that extractors read tokens from; their values are never looked at
  ///   here.
  package init(
    _ query: Substring?, known: Set<String>, takesMetadata: Bool = false, lists: Set<String> = [],
    ignored: [String]
  ) throws(Problem) {
    let all = FormItems(query: query ?? "").all()
    try self.init(all?.filter { !ignored.contains($0.name) }, known, takesMetadata, lists)
  }

  /// As a browser writes a form into a query. What was not filled in is there without a value.
  init(
    form query: Substring?, known: Set<String>, takesMetadata: Bool = false,
    lists: Set<String> = []
  ) throws(Problem) {
    let all = FormItems(form: String(query ?? "")).all()
    try self.init(all?.filter { !$0.value.isEmpty }, known, takesMetadata, lists)
  }

  private init(
    _ all: [(name: String, value: String)]?, _ known: Set<String>, _ takesMetadata: Bool,
    _ listed: Set<String>
  ) throws(Problem) {
    guard let all else {
      throw Problem(
        status: 400, code: "invalid", detail: "the query is not percent-encoded UTF-8",
        field: "query")
    }
    for (name, value) in all {
      if takesMetadata, name.utf8.starts(with: QueryNames.metadata.utf8) {
        let field = String(name.dropFirst(QueryNames.metadata.count))
        guard metadata.updateValue(value, forKey: field) == nil else {
          throw Problem.invalid(String(name.prefix(64)), "is given twice")
        }
        continue
      }
      guard known.contains(name) else {
        throw Problem(
          status: 400, code: "invalid", detail: "no such query parameter",
          field: String(name.prefix(64)))
      }
      if listed.contains(name) {
        lists[name, default: []] += QueryFields.parts(value)
        continue
      }
      guard items.updateValue(value, forKey: name) == nil else {
        throw Problem.invalid(name, "is given twice")
      }
    }
  }

  /// What stands between the commas, without the blanks around it.
  private static func parts(_ value: String) -> [String] {
    value.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(separator: " ").joined(separator: " ")
    }
  }

  func string(_ name: String) -> String? { items[name] }

  /// Every value of a list, in order.
  func list(_ name: String) -> [String] { lists[name] ?? [] }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, as type: Choice.Type
  ) throws(Problem) -> Choice? where Choice.RawValue == String {
    guard let text = items[name] else { return nil }
    return try Problem.choice(name, text)
  }

  /// `true` or `false`; `false` unless given.
  func flag(_ name: String) throws(Problem) -> Bool {
    switch items[name] {
    case "true": true
    case "false", nil: false
    default: throw Problem.invalid(name, "must be true or false")
    }
  }

  /// 1 to 1,000; 100 unless given.
  package func limit() throws(Problem) -> Int { try number("limit", 1...1_000) ?? 100 }

  /// A whole number of at most four digits, without a leading zero.
  func number(_ name: String, _ range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let text = items[name] else { return nil }
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      text.utf8.first != 0x30, let value = Int(text), range.contains(value)
    else {
      throw Problem.invalid(
        name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A position of the signal log; 0 is before the first.
  func position(_ name: String) throws(Problem) -> Int64? {
    guard let text = items[name] else { return nil }
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let position = Int64(text)
    else { throw Problem.invalid(name, "must be a position of the signal log") }
    return position
  }

  func id(_ name: String) throws(Problem) -> UUID? {
    guard let text = items[name] else { return nil }
    guard let id = UUID(strict: text) else { throw Problem.invalid(name, "must be an id") }
    return id
  }

  func time(_ name: String) throws(Problem) -> Timestamp? {
    guard let text = items[name] else { return nil }
    guard let time = Timestamp(rfc3339: text) else {
      throw Problem.invalid(name, "must be a time such as 2026-01-01T00:00:00Z")
    }
    return time
  }

  /// An HTTP status.
  func status(_ name: String) throws(Problem) -> Int? {
    guard let text = items[name] else { return nil }
    guard text.utf8.count == 3, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let value = Int(text), (100...599).contains(value)
    else { throw Problem.invalid(name, "must be an HTTP status from 100 to 599") }
    return value
  }

  /// Where the page before ended.
  package func cursor() throws(Problem) -> UUID? {
    try cursor { UUID(strict: $0) }
  }

  /// The same of a listing of keys.
  package func keyCursor() throws(Problem) -> KeyCursor? { try cursor { KeyCursor($0) } }

  private func cursor<Cursor>(_ parse: (String) -> Cursor?) throws(Problem) -> Cursor? {
    guard let text = items["cursor"] else { return nil }
    guard let cursor = parse(text) else {
      throw Problem.invalid("cursor", "must be the next_cursor of the page before")
    }
    return cursor
  }

  /// Where the page begins that one goes back from.
  func before<Place>(_ parse: (String) -> Place?) throws(Problem) -> Place? {
    guard let text = items["before"] else { return nil }
    guard items["cursor"] == nil else {
      throw Problem.invalid("before", "leads back, and cursor on: only one of them can be given")
    }
    guard let place = parse(text) else {
      throw Problem.invalid("before", "must be where a page of this list begins")
    }
    return place
  }

  /// A moment, or a duration that reaches back from now.
  func moment(_ name: String, at now: Timestamp) throws(Problem) -> Timestamp? {
    guard let text = items[name] else { return nil }
    guard let moment = Timestamp(text, before: now) else {
      throw Problem.invalid(name, "must be a duration such as 90d, or a time")
    }
    return moment
  }

  /// `FROM..BEFORE`, either side of which may be left out.
  package func span(_ name: String) throws(Problem) -> (from: Timestamp?, before: Timestamp?) {
    guard let text = items[name] else { return (nil, nil) }
    return try QueryFields.span(name, text)
  }

  static func span(
    _ name: String, _ text: String
  ) throws(Problem) -> (from: Timestamp?, before: Timestamp?) {
    let problem = Problem.invalid(
      name, "must be a span such as 2026-01-01T00:00:00Z..2026-02-01T00:00:00Z")
    guard let dots = text.firstRange(of: "..") else { throw problem }
    func time(_ part: Substring) throws(Problem) -> Timestamp? {
      if part.isEmpty { return nil }
      guard let time = Timestamp(rfc3339: String(part)) else { throw problem }
      return time
    }
    let span = (
      from: try time(text[..<dots.lowerBound]), before: try time(text[dots.upperBound...])
    )
    // All of time is no condition, and whoever writes it meant one.
    guard span.from != nil || span.before != nil else { throw problem }
    return span
  }
}

extension Timestamp {
  /// A time as RFC 3339 writes it, or a duration before `now`.
  public init?(_ text: String, before now: Timestamp) {
    if let time = Timestamp(rfc3339: text) {
      self = time
      return
    }
    guard let duration = DurationText(text)?.duration else { return nil }
    self = now.adding(.zero - duration) ?? .earliest
  }
}

extension UUID {
  /// An id as it is written everywhere: 36 characters.
  init?(strict text: String) {
    guard text.utf8.count == 36 else { return nil }
    self.init(uuidString: text)
  }
}
