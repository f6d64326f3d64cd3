/// A rule as one line of settings: words, then `option=value` in any order, separated by spaces.
struct RuleText {
  let words: [String]
  private var options: [String: String] = [:]

  /// - Parameter known: the options that there are.
  init(_ text: String, options known: Set<String>) throws(RuleFault) {
    var words: [String] = []
    for part in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else {
        guard options.isEmpty else {
          throw RuleFault("\(part) stands behind an option", "Write options last, as name=value.")
        }
        words.append(String(part))
        continue
      }
      let name = String(pair[0])
      guard known.contains(name) else {
        throw RuleFault(
          "there is no option \(name)", "There are: \(known.sorted().joined(separator: ", ")).")
      }
      guard options.updateValue(String(pair[1]), forKey: name) == nil else {
        throw RuleFault("\(name) is given twice", "Keep one of them.")
      }
    }
    self.words = words
  }

  func option(_ name: String) -> String? { options[name] }
}
