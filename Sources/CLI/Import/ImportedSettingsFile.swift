import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The settings file that `--write-config` writes. In one that is there already everything stays: lists gain
/// what they lack, and settings that it does not have come at its end.
struct ImportedSettingsFile {
  let path: String
  /// Whether there was one before this import.
  let exists: Bool

  init(_ config: String?) {
    path = config ?? Composition.standardFile
    exists = FileManager.default.fileExists(atPath: path)
  }

  /// Fails before anything is imported if it could not be written afterwards.
  func check(_ needed: [NeededSetting]) throws(CommandFailure) {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: exists ? path : folder) else {
      throw .usage(
        "\(path) can't be written",
        remedy:
          "Nothing was changed. Leave --write-config out and copy the lines that the import prints.",
        field: "write-config")
    }
    if exists, try edited(needed, of: "") == nil {
      throw .usage(
        "\(path) is written in a way that --write-config can't add to",
        remedy:
          "Nothing was changed. Leave --write-config out and copy the lines that the import prints.",
        field: "write-config")
    }
  }

  /// - Parameter source: whose clients need the settings.
  func write(_ needed: [NeededSetting], of source: String) throws(CommandFailure) {
    guard let text = try exists ? edited(needed, of: source) : whole(needed, of: source) else {
      throw unwritten
    }
    let url = URL(filePath: path).resolvingSymlinksInPath()
    do {
      guard exists else {
        return try Data(text.utf8).write(to: url, options: .withoutOverwriting)
      }
      let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions]
      try Data(text.utf8).write(to: url, options: .atomic)
      if let mode {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
      }
    } catch { throw unwritten }
  }

  private var unwritten: CommandFailure {
    .usage(
      "\(path) can't be written", remedy: "The import is done. Copy the lines that it prints.",
      field: "write-config")
  }

  private func whole(_ needed: [NeededSetting], of source: String) -> String {
    ([ImportedSettingsFile.title(source)] + needed.map(\.line)).joined(separator: "\n") + "\n"
  }

  /// What stands over the settings.
  static func title(_ source: String) -> String { "# What clients of \(source) need." }

  /// The file's text with what it lacks; `nil` if that can't be put in.
  private func edited(
    _ needed: [NeededSetting], of source: String
  ) throws(CommandFailure) -> String? {
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(validating: data, as: UTF8.self)
    else { throw .usage("\(path) can't be read", field: "write-config") }
    return SettingsFileEdit(text)?.adding(needed, title: ImportedSettingsFile.title(source))
  }
}
