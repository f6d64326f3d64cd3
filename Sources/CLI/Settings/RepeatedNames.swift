import Yams

/// Reads YAML in which a mapping has a name twice, so that every such place can be reported.
///
/// Yams stops at the first mapping with a repeated name. Here the earlier of the two is marked in
/// the text, which makes the names different, and the text is read again, until none repeats. Lines
/// stay where they are.
enum RepeatedNames {
  /// From the private use area, where no setting's name is.
  private static let marker: Unicode.Scalar = "\u{E000}"
  /// More repeated names than anybody would correct in one go.
  private static let most = 100

  static func compose(_ yaml: String) throws -> Node? {
    var text = yaml
    guard !yaml.unicodeScalars.contains(marker) else { return try Yams.compose(yaml: yaml) }
    for count in 1...most {
      do {
        return try Yams.compose(yaml: text)
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        guard let name = names.first, let marked = mark(name, at: context.mark, count, in: text)
        else { throw YamlError.duplicatedKeysInMapping(duplicates: names, context: context) }
        text = marked
      }
    }
    return try Yams.compose(yaml: text)
  }

  /// A name as it stood in the file.
  static func original(_ name: String) -> String {
    guard name.unicodeScalars.first == marker else { return name }
    let parts = name.unicodeScalars.split(separator: marker, maxSplits: 1)
    return parts.count == 2 ? String(parts[1]) : name
  }

  /// Puts a distinct mark before a plain name; `nil` if the name is not there as it is.
  private static func mark(
    _ name: String, at place: Mark, _ number: Int, in text: String
  ) -> String? {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(place.line - 1) else { return nil }
    let line = lines[place.line - 1]
    guard
      let start = line.index(line.startIndex, offsetBy: place.column - 1, limitedBy: line.endIndex),
      line[start...].starts(with: name.unicodeScalars)
    else { return nil }
    var marked = String.UnicodeScalarView(line[..<start])
    marked.append(contentsOf: "\(marker)\(number)\(marker)".unicodeScalars)
    marked.append(contentsOf: line[start...])
    lines[place.line - 1] = Substring.UnicodeScalarView(String(marked).unicodeScalars)
    return lines.map { String($0) }.joined(separator: "\n")
  }
}
