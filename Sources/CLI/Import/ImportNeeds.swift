import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What clients of another system need of the settings.
struct ImportNeeds: Sendable {
  var headers: [String] = []
  var schemes: [String] = []
  /// The format of their tokens.
  let format: String

  /// The settings that meet these needs beside what is in force, as YAML.
  /// - Parameter namespace: the one that most imported prefixes have, if new tokens can have it too.
  func yaml(_ settings: Settings, source: String, namespace: String?) -> [String] {
    var lines = ["# What clients of \(source) need."]
    let accept = settings[SettingsTable.tokenAccept]
    let preferred = settings[SettingsTable.tokenFormat]
    var token: [String] = []
    // Without a list every format is accepted, plain from its first key on.
    if !accept.isEmpty, preferred != format, !accept.contains(format) {
      token.append("accept: [\((accept + [format]).joined(separator: ", "))]")
    }
    if let namespace { token.append("namespace: \(ImportNeeds.quoted(namespace))") }
    if !token.isEmpty { lines.append("token: { \(token.joined(separator: ", ")) }") }
    var extract: [String] = []
    if !headers.isEmpty {
      let names = ImportNeeds.union(settings[SettingsTable.headers], headers)
      extract.append("headers: [\(names.joined(separator: ", "))]")
    }
    if !schemes.isEmpty {
      let names = ImportNeeds.union(settings[SettingsTable.schemes], schemes)
      extract.append("schemes: [\(names.joined(separator: ", "))]")
    }
    lines.append("extract: { \(extract.joined(separator: ", ")) }")
    return lines
  }

  private static func union(_ names: [String], _ more: [String]) -> [String] {
    names + more.filter { new in !names.contains { $0.lowercased() == new.lowercased() } }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }
}

/// The settings file that `--write-config` writes.
struct ImportedSettingsFile {
  let path: String

  /// Fails before anything is imported if the file can't be written: what a person wrote is never changed.
  init(_ config: String?) throws(CommandFailure) {
    path = config ?? Composition.standardFile
    guard !FileManager.default.fileExists(atPath: path) else {
      throw .usage(
        "\(path) exists, and --write-config changes no settings that somebody wrote",
        remedy: "Leave --write-config out and copy the lines that the import prints.",
        field: "write-config")
    }
  }

  func write(_ lines: [String]) throws(CommandFailure) {
    let data = Data((lines.joined(separator: "\n") + "\n").utf8)
    do { try data.write(to: URL(filePath: path), options: .withoutOverwriting) } catch {
      throw .usage(
        "\(path) can't be written", remedy: "The import is done. Copy the lines that it prints.",
        field: "write-config")
    }
  }
}
