import Yams

/// Adds settings to the text of a settings file in which everything stays as it stands, comments too.
///
/// What comes out is read again and must say what the file said, and what was added, nothing else: a file that is
/// written in a way that is not foreseen here is left alone.
struct SettingsFileEdit {
  private let text: String
  private let root: Node?
  private let entries: [SettingsFile.Entry]

  /// `nil` for a text that is no settings file.
  init?(_ text: String) {
    guard let read = SettingsFileEdit.read(text), let root = try? Yams.compose(yaml: text) else {
      // Nothing but comments.
      guard SettingsFileEdit.read(text)?.isEmpty == true else { return nil }
      (self.text, root, entries) = (text, nil, [])
      return
    }
    (self.text, self.root, entries) = (text, root, read)
  }

  private static func read(_ text: String) -> [SettingsFile.Entry]? {
    var faults: [SettingFault] = []
    let file = SettingsFile.parse(text, path: "", faults: &faults)
    return faults.isEmpty ? file?.entries : nil
  }

  /// The text with these settings: a list that is there gains the entries that it lacks, any other value that is
  /// there stays, and what is not there follows at the end, below `title`. `nil` if that can't be.
  func adding(_ needed: [NeededSetting], title: String) -> String? {
    var expected = Dictionary(
      entries.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
    var insertions: [Insertion] = []
    var lines: [String] = []
    for setting in needed {
      guard let entry = entries.first(where: { $0.name == setting.name }) else {
        lines.append(setting.line)
        expected[setting.name] = .some(setting.value)
        continue
      }
      guard case .many(let wanted) = setting.value, case .many(let present)? = entry.text else {
        continue
      }
      let missing = NeededSetting.missing(wanted, in: present)
      if missing.isEmpty { continue }
      guard let place = root.flatMap({ SettingsFileEdit.list(setting.name, in: $0, below: "") }),
        let insertion = Insertion(missing, at: place, isEmpty: present.isEmpty, in: text)
      else { return nil }
      insertions.append(insertion)
      expected[setting.name] = .some(.many(missing + present))
    }
    var edited = text.unicodeScalars
    for insertion in insertions.sorted(by: { $0.index > $1.index }) {
      edited.insert(contentsOf: insertion.text.unicodeScalars, at: insertion.index)
    }
    var result = String(edited)
    if !lines.isEmpty {
      if !result.isEmpty, result.utf8.last != UInt8(ascii: "\n") { result += "\n" }
      result += ([title] + lines).joined(separator: "\n") + "\n"
    }
    guard let read = SettingsFileEdit.read(result),
      Dictionary(read.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
        == expected
    else { return nil }
    return result
  }

  /// Where the list of that dotted name begins.
  private static func list(_ name: String, in node: Node, below parent: String) -> Mark? {
    guard case .mapping(let mapping) = node else { return nil }
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else { continue }
      let own = parent.isEmpty ? scalar.string : "\(parent).\(scalar.string)"
      if own == name, case .sequence(let sequence) = value { return sequence.mark }
      if let mark = list(name, in: value, below: own) { return mark }
    }
    return nil
  }

  /// New entries before the others of a list.
  private struct Insertion {
    let index: String.UnicodeScalarView.Index
    let text: String

    /// `nil` if no list begins there.
    init?(_ entries: [String], at mark: Mark, isEmpty: Bool, in text: String) {
      let scalars = text.unicodeScalars
      var line = scalars.startIndex
      for _ in 1..<mark.line {
        guard let end = scalars[line...].firstIndex(of: "\n") else { return nil }
        line = scalars.index(after: end)
      }
      guard let start = scalars.index(line, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
        start < scalars.endIndex
      else { return nil }
      let values = entries.map(NeededSetting.scalar)
      switch scalars[start] {
      case "[":
        index = scalars.index(after: start)
        self.text = values.joined(separator: ", ") + (isEmpty ? "" : ", ")
      case "-":
        index = start
        let indent = String(repeating: " ", count: mark.column - 1)
        self.text = values.map { "- \($0)\n\(indent)" }.joined()
      default: return nil
      }
    }
  }
}
