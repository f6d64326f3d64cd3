import Yams

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A settings file, read and walked: every leaf of its tree with its dotted name and line.
///
/// A flat name (`token.namespace: tok`) and a nested one say the same. Types are not looked at
/// here.
package struct SettingsFile: Sendable, Equatable {
  package let path: String
  package let entries: [Entry]

  /// A leaf of the tree, or a section without anything in it.
  package struct Entry: Sendable, Equatable {
    package let name: String
    /// `nil` for an empty section and for a name without a value.
    package let text: SettingText?
    package let line: Int?
  }

  /// Longest file that is read: 1 MiB, some hundred times what the whole table takes.
  package static let longest = 1 << 20
  /// Deepest nesting that is walked; settings need five levels at most.
  package static let deepest = 16

  package func origin(_ entry: Entry) -> SettingOrigin { .file(path: path, line: entry.line) }

  /// Reads and walks the file at `path`. What is wrong with its structure goes to `faults`; the
  /// rest is still read, so that all faults are reported at once.
  package static func load(_ path: String, faults: inout [SettingFault]) -> SettingsFile? {
    func refuse(_ problem: String, _ remedy: String) {
      faults.append(
        SettingFault(
          origin: .file(path: path, line: nil), setting: "(file)", problem: problem, remedy: remedy)
      )
    }
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      if !FileManager.default.fileExists(atPath: path) {
        refuse("there is no such file", "Name an existing file with --config.")
      } else if attributes?[.type] as? FileAttributeType == .typeDirectory {
        refuse("it is a folder", "Name a file in it with --config.")
      } else {
        refuse("the file can't be read", "Check its permissions.")
      }
      return nil
    }
    guard data.count <= longest else {
      refuse("the file is longer than 1 MiB", "Name a settings file with --config.")
      return nil
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      refuse("the file is not UTF-8", "Save it as UTF-8.")
      return nil
    }
    return parse(text, path: path, faults: &faults)
  }

  /// Walks the settings in `text`, which stands in the file at `path`.
  package static func parse(
    _ text: String, path: String, faults: inout [SettingFault]
  ) -> SettingsFile? {
    let root: Node?
    do {
      root = try RepeatedNames.compose(text)
    } catch {
      faults.append(fault(of: error, path: path))
      return nil
    }
    var walk = Walk(path: path)
    if let root, !isNull(root) {
      if case .mapping(let mapping) = root {
        walk.visit(mapping, below: "", depth: 1)
      } else {
        walk.refuse(
          root.mark, "(file)", "not a list of settings", "Write lines such as port: 8420.")
      }
    }
    faults += walk.faults
    return SettingsFile(path: path, entries: walk.entries)
  }

  private struct Walk {
    let path: String
    var entries: [Entry] = []
    var faults: [SettingFault] = []
    /// Where each name stood first.
    var lines: [String: Int?] = [:]

    mutating func refuse(_ mark: Mark?, _ setting: String, _ problem: String, _ remedy: String) {
      faults.append(
        SettingFault(
          origin: .file(path: path, line: mark?.line), setting: SafeText.line(setting, limit: 120),
          problem: problem, remedy: remedy))
    }

    mutating func visit(_ mapping: Node.Mapping, below parent: String, depth: Int) {
      var lines: [String: Int?] = [:]
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key, !scalar.string.isEmpty else {
          refuse(
            key.mark, parent.isEmpty ? "(file)" : parent, "a name that is not a text",
            "Write a setting's name before the colon.")
          continue
        }
        let own = RepeatedNames.original(scalar.string)
        let name = parent.isEmpty ? own : "\(parent).\(own)"
        if let first = lines.updateValue(key.mark?.line, forKey: own) {
          refuseSecond(key.mark, name, first: first)
          continue
        }
        guard depth < SettingsFile.deepest else {
          refuse(key.mark, name, "nested too deeply", "Remove it.")
          continue
        }
        switch value {
        case .mapping(let inner) where !inner.isEmpty: visit(inner, below: name, depth: depth + 1)
        case .mapping: add(name, nil, key.mark)
        case .scalar(let scalar): add(name, isNull(value) ? nil : .one(scalar.string), key.mark)
        case .sequence(let sequence): addList(name, sequence, key.mark)
        case .alias:
          refuse(key.mark, name, "an alias that leads nowhere", "Write the value itself.")
        }
      }
    }

    private mutating func addList(_ name: String, _ sequence: Node.Sequence, _ mark: Mark?) {
      var texts: [String] = []
      for element in sequence {
        guard case .scalar(let scalar) = element, !isNull(element) else {
          refuse(
            element.mark ?? mark, name, "an entry of the list is not a text",
            "Write a plain list: [one, two].")
          continue
        }
        texts.append(scalar.string)
      }
      add(name, .many(texts), mark)
    }

    private mutating func refuseSecond(_ mark: Mark?, _ name: String, first: Int?) {
      refuse(
        mark, name, "given twice" + (first.map { " (first in line \($0))" } ?? ""),
        "Keep one of them.")
    }

    private mutating func add(_ name: String, _ text: SettingText?, _ mark: Mark?) {
      if let first = lines[name] { return refuseSecond(mark, name, first: first) }
      lines[name] = mark?.line
      entries.append(Entry(name: name, text: text, line: mark?.line))
    }
  }

  /// YAML 1.2, 10.3.2: an empty plain scalar, `~` and `null` stand for no value.
  private static func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else {
      return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  private static func fault(of error: any Error, path: String) -> SettingFault {
    func fault(_ line: Int?, _ problem: String) -> SettingFault {
      SettingFault(
        origin: .file(path: path, line: line), setting: "(file)", problem: SafeText.line(problem),
        remedy: "Put the YAML right.")
    }
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return fault(mark.line, "not YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return SettingFault(
        origin: .file(path: path, line: context.mark.line),
        setting: SafeText.line(duplicates.sorted().joined(separator: ", "), limit: 120),
        problem: "given twice", remedy: "Keep one of them.")
    case .reader(let problem, _, _, _): return fault(nil, "not YAML: \(problem)")
    default: return fault(nil, "not YAML")
    }
  }
}
