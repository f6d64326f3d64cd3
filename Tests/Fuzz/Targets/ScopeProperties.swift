import CardeaContracts

/// Scopes: a pattern on the first line, a scope on the second. A set covers itself, nothing but
/// `cardea:` names grants a `cardea:` scope, and an empty set grants nothing.
enum ScopeProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let lines = text.utf8.split(separator: 0x0A, maxSplits: 1).map { String(Substring($0)) }
    guard lines.count == 2, lines.allSatisfy(ScopeSet.isValid) else { return nil }
    let set = ScopeSet([lines[0]])
    guard set.covers(set) else { return "\(lines[0]) does not cover itself" }
    let grants = set.grants(lines[1])
    if grants, lines[1].hasPrefix("cardea:"), lines[0] != lines[1], !set.isAdmin {
      return "\(lines[0]) grants \(lines[1])"
    }
    if ScopeSet().grants(lines[1]) { return "an empty set grants \(lines[1])" }
    // Whatever a covered set grants, the covering one grants.
    let other = ScopeSet([lines[1]])
    if set.covers(other), !grants { return "\(lines[0]) covers \(lines[1]) and does not grant it" }
    return nil
  }
}
