import ArgumentParser
import CardeaContracts
import Foundation

/// `cardea scan`.
struct ScanCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Find tokens in files, by their shape and checksum.",
    discussion: """
      Looks through files and folders (links, pipes and devices in folders are passed over) for \
      tokens of any namespace, made here or by another installation. Nobody is asked, no store is \
      opened, and no token is printed: only where it stands, and the prefix of its key. A key whose \
      token was found should be revoked: cardea keys revoke PREFIX.

      A token is told from other text by its checksum, so formats that have none (dotted, and keys \
      that were imported in clear) are not found, nor is what stands in an archive, in UTF-16 or with its \
      colon written %3A. --pattern prints the regular expressions that other \
      scanners take.

      Exit code 0 if there is none, 1 if there is one or something could not be read.

      Examples:
        cardea scan .
        git log --all -p | cardea scan -
        cardea scan --pattern
      """)

  @OptionGroup var common: StorelessOptions

  @Argument(help: ArgumentHelp("Files and folders; - is standard input.", valueName: "path"))
  var paths: [String] = []

  @Flag(help: "Print regular expressions for tokens of the namespace in the settings.")
  var pattern = false

  func validate() throws {
    if pattern != paths.isEmpty {
      throw ValidationError(
        pattern ? "--pattern takes no path" : "name a file or folder to look through, or -")
    }
  }

  func perform() async throws {
    let toolbox = Toolbox.current
    if pattern { return try printPatterns(toolbox) }
    let console = toolbox.console
    var scan = FileScan(Progress(console, "files"))
    for path in paths { scan.look(at: path) }
    scan.finish()
    if common.json {
      console.out(try json(scan.report))
    } else {
      for found in scan.report.findings {
        console.out(
          "\(SafeText.line(found.path, limit: 4_096)):\(found.line):\(found.column): \(found.prefix) (\(found.format))"
        )
      }
      for unread in scan.report.unreadable {
        console.note("\(SafeText.line(unread.path, limit: 4_096)): \(unread.reason)")
      }
      console.note(scan.report.summary)
    }
    if !scan.report.isClean { throw ExitCode(1) }
  }

  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoder.contract(pretty: true).encode(value), as: UTF8.self)
  }

  private func printPatterns(_ toolbox: Toolbox) throws {
    let settings = try Composition.make(config: common.config, flags: [:], toolbox: toolbox)
      .settings
    let namespace = settings[SettingsTable.namespace]
    let patterns = ["keysmith", "underscore"].map {
      ($0, TokenPattern.text(format: $0, namespace: namespace))
    }
    if common.json {
      let object = Dictionary(uniqueKeysWithValues: patterns)
      toolbox.console.out(try json(object))
    } else {
      for (_, pattern) in patterns { toolbox.console.out(pattern) }
    }
  }
}
