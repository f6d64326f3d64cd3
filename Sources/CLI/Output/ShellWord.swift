/// Text as one word of a POSIX shell.
enum ShellWord {
  /// In quotes, if the shell would read it as something else without.
  static func quoted(_ text: String) -> String {
    if text.wholeMatch(of: /[A-Za-z0-9_+=:,.\/@%-]+/) != nil { return text }
    return "'" + text.replacing("'", with: #"'\''"#) + "'"
  }
}
