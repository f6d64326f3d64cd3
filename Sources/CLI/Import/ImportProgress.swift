/// A bar on the terminal while an import runs; nothing where stderr is none.
struct ImportProgress {
  private let console: Console
  private let total: Int
  private var shown = -1

  init(_ console: Console, total: Int) {
    self.console = console
    self.total = total
  }

  /// Draws the bar when it has grown.
  mutating func show(_ done: Int) {
    guard console.notesAreOnTerminal, total > 0 else { return }
    let percent = min(done, total) * 100 / total
    if percent == shown { return }
    shown = percent
    let bar = String(repeating: "#", count: percent / 4)
    let rest = String(repeating: ".", count: 25 - percent / 4)
    console.prompt("\r[\(bar)\(rest)] \(percent) % (\(done) of \(total))")
  }

  func end() {
    if shown >= 0 { console.note("") }
  }
}
