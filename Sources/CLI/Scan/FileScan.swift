import CardeaContracts
import Foundation

/// Files and folders that are looked through for tokens.
struct FileScan {
  struct Report: Encodable {
    struct Finding: Encodable, Equatable {
      let path: String
      let line: Int
      let column: Int
      let prefix: String
      let format: String
    }

    struct Unreadable: Encodable, Equatable {
      let path: String
      let reason: String
    }

    var findings: [Finding] = []
    var unreadable: [Unreadable] = []
    /// Files that were read to their end.
    var files = 0

    var isClean: Bool { findings.isEmpty && unreadable.isEmpty }

    var summary: String {
      func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
      }
      let unread = unreadable.isEmpty ? "" : "; \(unreadable.count) could not be read"
      return "\(count(findings.count, "token")) in \(count(files, "file"))\(unread)."
    }
  }

  private(set) var report = Report()
  private var progress: Progress
  private static let piece = 1 << 20

  init(_ progress: Progress) { self.progress = progress }

  /// Looks through a file, a folder with everything below it, or, as `-`, standard input.
  mutating func look(at path: String) {
    if path == "-" { return read(.standardInput, path) }
    let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    switch kind {
    case .typeRegular?: readFile(path)
    case .typeDirectory?: readFolder(path)
    // What is named by itself may be a link, a pipe or a device.
    case let kind?:
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if kind == .typeSymbolicLink, exists, isFolder.boolValue {
        readFolder(path)
      } else {
        readFile(path)
      }
    case nil: readFile(path)
    }
  }

  mutating func finish() { progress.finish() }

  private mutating func readFolder(_ path: String) {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
      return fail(path, "the folder can't be read")
    }
    let folder = path.hasSuffix("/") ? path : path + "/"
    for name in names {
      let item = folder + name
      let attributes = try? FileManager.default.attributesOfItem(atPath: item)
      switch attributes?[.type] as? FileAttributeType {
      case .typeDirectory?: readFolder(item)
      case .typeRegular?, nil: readFile(item)
      default: break
      }
    }
  }

  private mutating func readFile(_ path: String) {
    guard let file = FileHandle(forReadingAtPath: path) else {
      return fail(
        path,
        FileManager.default.fileExists(atPath: path)
          ? "it can't be opened" : "there is no such file")
    }
    defer { try? file.close() }
    read(file, path)
  }

  private mutating func read(_ file: FileHandle, _ path: String) {
    var scanner = TokenScanner()
    var isLast = false
    while !isLast {
      let data: Data?
      do { data = try file.read(upToCount: FileScan.piece) } catch {
        return fail(path, "it can't be read")
      }
      isLast = data?.isEmpty ?? true
      for found in scanner.scan(data ?? Data(), isLast: isLast) {
        report.findings.append(
          Report.Finding(
            path: FileScan.shown(path), line: found.line, column: found.column,
            prefix: found.prefix,
            format: found.format))
      }
    }
    report.files += 1
    progress.add(1)
  }

  /// A file may be named for a token.
  private static func shown(_ path: String) -> String { TokenRedaction.ofNotes.text(path) }

  private mutating func fail(_ path: String, _ reason: String) {
    report.unreadable.append(Report.Unreadable(path: FileScan.shown(path), reason: reason))
  }
}
