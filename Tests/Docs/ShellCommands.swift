/// The commands in lines of shell, taken apart as far as documents need it: quotes, comments, continued lines, pipes,
/// redirections, and commands inside `$(…)`, which come before the one around them.
struct ShellCommands {
  struct Command: Equatable, CustomStringConvertible {
    /// The index of the line that it begins on.
    let line: Int
    let words: [String]

    var description: String { words.joined(separator: " ") }

    /// What `cardea` is given, if that is the command; the environment may stand before it.
    var arguments: [String]? {
      let command = words.drop { $0.prefixMatch(of: /\w+=/) != nil }
      return command.first == "cardea" ? Array(command.dropFirst()) : nil
    }
  }

  /// What a variable or a command holds is not known here: this stands for it, a key's prefix.
  static let standIn = "tok_ab12CD34"

  private(set) var commands: [Command] = []
  private let text: [Character]
  private var index = 0
  private var line = 0

  init(_ lines: [String]) {
    text = Array(lines.joined(separator: "\n"))
    // A parenthesis that closes nothing ends no document.
    while peek != nil { readList() }
  }

  private var peek: Character? { index < text.count ? text[index] : nil }

  private mutating func advance() {
    if peek == "\n" { line += 1 }
    index += 1
  }

  private mutating func skip(while isSkipped: (Character) -> Bool) {
    while let next = peek, isSkipped(next) { advance() }
  }

  /// Commands up to the end, or behind the parenthesis that closes them.
  private mutating func readList() {
    var words: [String] = []
    var start = line
    while let next = peek {
      switch next {
      case " ", "\t": advance()
      case "#": skip { $0 != "\n" }
      case "<", ">":
        skip { "<>&".contains($0) }
        skip { $0 == " " }
        _ = readWord()
      case "\n", ";", "|", "&", "(":
        advance()
        finish(&words, start)
      case ")":
        advance()
        return finish(&words, start)
      default:
        if words.isEmpty { start = line }
        let word = readWord()
        // The 2 of `2>file` is no word.
        let isDescriptor = word.allSatisfy(\.isNumber) && (peek == ">" || peek == "<")
        if !word.isEmpty, !isDescriptor { words.append(word) }
      }
    }
    finish(&words, start)
  }

  private mutating func finish(_ words: inout [String], _ start: Int) {
    if !words.isEmpty { commands.append(Command(line: start, words: words)) }
    words = []
  }

  private mutating func readWord() -> String {
    var word = ""
    while let next = peek, !" \t\n;|&()<>".contains(next) {
      switch next {
      case "'":
        advance()
        while let inner = peek, inner != "'" {
          word.append(inner)
          advance()
        }
        advance()
      case "\"":
        advance()
        while let inner = peek, inner != "\"" { word += readPiece(inner) }
        advance()
      default: word += readPiece(next)
      }
    }
    return word
  }

  /// What quotes don't keep from being read: a character, an escaped one, or what `$` begins.
  private mutating func readPiece(_ next: Character) -> String {
    advance()
    switch next {
    case "\\":
      let escaped = peek
      advance()
      // The line goes on.
      return escaped == "\n" ? "" : escaped.map { String($0) } ?? ""
    case "$":
      switch peek {
      case "(":
        advance()
        readList()
      case "{":
        skip { $0 != "}" }
        advance()
      default: skip { $0.isLetter || $0.isNumber || $0 == "_" }
      }
      return ShellCommands.standIn
    default: return String(next)
    }
  }
}
