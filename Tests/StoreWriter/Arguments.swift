/// What the test asks of this process: `store-writer COMMAND PATH [NUMBER]`.
struct Arguments {
  enum Command: String {
    /// Change keys for ever, from several tasks, and acknowledge each change on stdout.
    case write
    /// Make that many keys, one after another, and acknowledge each.
    case count
    /// Fill the disk, as far as a limit on file sizes goes; make room; go on.
    case full
    /// Open the store as a user who may only read it, and say what the store said.
    case readOnly = "read-only"
    /// Deliver signals durably, for ever, while that many tasks make keys.
    case deliver
  }

  let command: Command
  let path: String
  let number: Int

  init?(_ words: [String]) {
    guard words.count >= 3, let command = Command(rawValue: words[1]) else { return nil }
    self.command = command
    path = words[2]
    number = words.count > 3 ? Int(words[3]) ?? 1 : 1
  }
}
