/// A block of code between fences in a Markdown file.
struct FencedBlock: CustomStringConvertible {
  let document: String
  /// The line of the opening fence, from 1.
  let line: Int
  let language: String
  /// What an HTML comment right above the fence says, so that readers don't see it.
  let mark: String?
  let lines: [String]

  var description: String { "\(document):\(line)" }
  var text: String { lines.joined(separator: "\n") }

  /// Every block of a document, in its order.
  static func all(in document: String) throws -> [FencedBlock] {
    var blocks: [FencedBlock] = []
    var open: (line: Int, language: String, mark: String?)?
    var body: [String] = []
    var above = ""
    let text = try Repository.text(of: document)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(
            FencedBlock(
              document: document, line: block.line, language: block.language, mark: block.mark,
              lines: body))
          open = nil
          body = []
        } else {
          open = (index + 1, String(line.dropFirst(3)), FencedBlock.mark(in: above))
        }
      } else if open != nil {
        body.append(String(line))
      }
      above = String(line)
    }
    return blocks
  }

  private static func mark(in line: String) -> String? {
    guard line.hasPrefix("<!-- "), line.hasSuffix(" -->") else { return nil }
    return String(line.dropFirst(5).dropLast(4))
  }

  /// Whether these lines stand in `source` together, all moved in by the same indentation.
  func stands(in source: [String]) -> Bool {
    guard let first = lines.first, lines.count <= source.count else { return false }
    return (0...(source.count - lines.count)).contains { start in
      guard source[start].hasSuffix(first) else { return false }
      let indentation = String(repeating: " ", count: source[start].count - first.count)
      return zip(lines, source[start...]).allSatisfy { shown, actual in
        actual == (shown.isEmpty ? "" : indentation + shown)
      }
    }
  }
}
