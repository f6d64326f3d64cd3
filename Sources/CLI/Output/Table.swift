/// A table for people: aligned columns, a heading, two spaces between.
package struct Table: Sendable {
  private let heading: [String]
  private var rows: [[Cell]] = []

  /// What stands in a cell, and how it may be coloured.
  package struct Cell: Sendable, ExpressibleByStringLiteral {
    let text: String
    let colour: Colour?

    /// Control characters are written out, so a stored text can't move the cursor.
    package init(_ text: String, _ colour: Colour? = nil, limit: Int = .max) {
      self.text = SafeText.line(text, limit: limit)
      self.colour = colour
    }

    package init(stringLiteral value: String) { self.init(value) }
  }

  /// ECMA-48, 8.3.117: select graphic rendition.
  package enum Colour: String, Sendable {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"

    func apply(_ text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
  }

  package init(_ heading: [String]) { self.heading = heading }

  package mutating func add(_ cells: [Cell]) { rows.append(cells) }

  /// The lines, without trailing spaces.
  package func lines(colour: Bool) -> [String] {
    let all = [heading.map { Cell($0, .bold) }] + rows
    var widths = heading.map { $0.unicodeScalars.count }
    for row in rows {
      for (index, cell) in row.enumerated() where index < widths.count {
        widths[index] = max(widths[index], cell.text.unicodeScalars.count)
      }
    }
    return all.map { row in
      var line = ""
      for (index, cell) in row.enumerated() where index < widths.count {
        let text = colour ? cell.colour?.apply(cell.text) ?? cell.text : cell.text
        line += text
        if index < row.count - 1 {
          line += String(repeating: " ", count: widths[index] - cell.text.unicodeScalars.count + 2)
        }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The cells of one row for output that goes on, where no width is known: two spaces between.
  package static func line(_ cells: [Cell], colour: Bool) -> String {
    cells.map { colour ? $0.colour?.apply($0.text) ?? $0.text : $0.text }.joined(separator: "  ")
  }
}
