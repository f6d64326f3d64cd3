import CardeaContracts

/// `store.url`, taken apart: a scheme that this program has, and what stands after its colon.
struct StoreURL: Sendable {
  let scheme: StoreScheme
  let rest: String

  var presence: StoreScheme.Presence { scheme.presence(rest) }

  func makeStore() throws(ConfigurationFault) -> any KeyStore { try scheme.make(rest) }

  init(_ text: String, schemes: [StoreScheme]) throws(ConfigurationFault) {
    // One store may go by two names.
    let forms = schemes.map(\.form).reduce(into: [String]()) { forms, form in
      if !forms.contains(form) { forms.append(form) }
    }.joined(separator: ", ")
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = parts.first, !name.isEmpty else {
      throw ConfigurationFault(
        setting: SettingsTable.storeURL.name, value: StoreURL.shown(text),
        problem: "it has no scheme",
        remedy: "This program has: \(forms). For a file, write sqlite:PATH.")
    }
    guard let scheme = schemes.last(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw ConfigurationFault(
        setting: SettingsTable.storeURL.name, value: StoreURL.shown(text),
        problem: "no store has the scheme \(SafeText.line(String(name), limit: 40))",
        remedy: "This program has: \(forms).")
    }
    self.scheme = scheme
    rest = String(parts[1])
  }

  /// A URL may carry a password (`scheme://user:password@host/…`): everything between the slashes
  /// and the last `@` is left out.
  static func shown(_ text: String) -> String {
    guard text.contains("://"), let at = text.lastIndex(of: "@") else { return text }
    let scheme = text.prefix { $0 != ":" }
    return "\(scheme)://…\(text[at...])"
  }
}
