import CardeaContracts
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The program's standard streams.
///
/// Threading: any thread; each line is one or more `write(2)`s of its own.
package final class Console: Sendable {
  /// The `errno` of the first write to stdout that failed; 0 if none did.
  private let failure = Atomic<Int32>(0)

  private let sink: @Sendable (_ text: String, _ descriptor: Int32) -> Int32

  /// - Parameter sink: takes what would be written to a descriptor, and gives 0 or an `errno`; unless given, it is
  ///   written.
  package init(
    sink: @escaping @Sendable (_ text: String, _ descriptor: Int32) -> Int32 = Console.write
  ) {
    self.sink = sink
  }

  /// Results go here: tables, JSON, a token alone on its line. What was not taken, ``outputFailure`` tells.
  func out(_ line: String) {
    let cause = sink(line + "\n", STDOUT_FILENO)
    if cause != 0 {
      _ = failure.compareExchange(expected: 0, desired: cause, ordering: .relaxed)
    }
  }

  /// Why stdout took less than it was given; `nil` if it took everything.
  var outputFailure: OutputFailure? {
    let cause = failure.load(ordering: .relaxed)
    return cause == 0 ? nil : OutputFailure(cause: cause)
  }

  /// Everything else: explanations, questions, errors. Somebody may have put a token where it does not belong, and
  /// stderr is kept in logs: none gets out here.
  func note(_ line: String) { prompt(line + "\n") }

  /// Without a line's end, for a question.
  func prompt(_ text: String) { _ = sink(TokenRedaction.ofNotes.text(text), STDERR_FILENO) }

  /// An explanation with a token in it that its reader was given the line before.
  func noteWithToken(_ line: String) { _ = sink(line + "\n", STDERR_FILENO) }

  var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }
  var notesAreOnTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether results may be coloured: stdout is a terminal that can, and `NO_COLOR` (no-color.org)
  /// is unset or empty.
  func usesColour(_ environment: [String: String]) -> Bool {
    outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  /// One line from standard input without its end, or `nil` at the end of input. At most `limit`
  /// bytes: a longer line is `nil` too.
  func readLine(limit: Int = 4_096) -> [UInt8]? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count <= limit {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return line.isEmpty ? nil : line }
      if byte == UInt8(ascii: "\n") {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
      }
      line.append(byte)
    }
    return nil
  }

  /// Asks for a line on the terminal without showing what is typed.
  func readHiddenLine(_ question: String) -> [UInt8]? {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    var hidden = before
    hidden.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      note("")
    }
    // Only now: what is typed from here on is hidden.
    prompt(question)
    return readLine()
  }

  /// Writes all of it; 0, or the `errno` of what went wrong.
  @Sendable package static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }
}
