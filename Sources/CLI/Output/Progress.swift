/// How far long work is, on one line of the terminal; silent where there is none.
struct Progress {
  private let console: Console
  private let verb: String
  private var count = 0
  private var shown = 0

  init(_ console: Console, _ verb: String) {
    self.console = console
    self.verb = verb
  }

  /// That many more are done.
  mutating func add(_ more: Int) { update(count + more) }

  /// That many are done.
  mutating func update(_ count: Int) {
    self.count = count
    guard console.notesAreOnTerminal, count - shown >= 100 else { return }
    shown = count
    console.prompt("\r\(count) \(verb)")
  }

  mutating func finish() {
    if shown > 0 { console.note("\r\(count) \(verb)") }
  }
}
