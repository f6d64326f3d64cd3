/// Which other templates each template takes in: the partials and the parent that it names.
struct TemplateReferences {
  private var names: [String: [String]] = [:]

  /// What a template's text takes in, whatever stood under its name before. Of a name that is found among the values,
  /// `{{>*name}}`, the star stays: no template is called that.
  mutating func note(_ text: String, _ name: String) {
    var found: [String] = []
    var rest = text.utf8[...]
    while let start = rest.firstRange(of: "{{".utf8) {
      rest = rest[start.upperBound...].drop { TemplateReferences.isBlank($0) }
      guard let mark = rest.first else { break }
      if mark == UInt8(ascii: "!") {
        rest = rest.firstRange(of: "}}".utf8).map { rest[$0.upperBound...] } ?? rest.suffix(0)
      }
      guard mark == UInt8(ascii: ">") || mark == UInt8(ascii: "<") else { continue }
      let tag = rest.dropFirst().drop { TemplateReferences.isBlank($0) }
      found.append(
        String(
          decoding: tag.prefix { $0 != UInt8(ascii: "}") && !TemplateReferences.isBlank($0) },
          as: UTF8.self))
    }
    names[name] = found
  }

  /// The names that the template takes in and that are no template's.
  func unknown(in name: String) -> [String] {
    (names[name] ?? []).filter { names[$0] == nil }
  }

  /// Through which others the template takes itself in, from the first of them to itself; `nil` if it does not.
  func cycle(of name: String) -> [String]? {
    var ways: [[String]] = [[name]]
    var seen: Set<String> = []
    while let way = ways.popLast() {
      for next in names[way[way.count - 1]] ?? [] {
        if next == name { return way.dropFirst() + [name] }
        if seen.insert(next).inserted { ways.append(way + [next]) }
      }
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
