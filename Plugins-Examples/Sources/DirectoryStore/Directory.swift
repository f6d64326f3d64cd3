import CardeaContracts
import Foundation

/// A directory of JSON files that change together.
struct Directory: Sendable {
  private static let journal = "journal.json"

  let path: String

  func create(_ folders: [String]) throws(StoreError) {
    try reporting {
      for folder in folders {
        try FileManager.default.createDirectory(
          atPath: "\(path)/\(folder)", withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      }
    }
  }

  /// Runs `body` while nobody else, in this process or another, reads or writes the directory.
  func locked<Value>(
    _ body: (Directory) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    let lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
      if lock >= 0 { _ = Foundation.close(lock) }
      throw .unavailable(
        "the directory \(path) can't be locked: \(String(cString: strerror(errno)))")
    }
    defer { _ = Foundation.close(lock) }
    if let unfinished: [String: Data] = try readIfThere(Directory.journal) {
      try finish(unfinished)
    }
    return try body(self)
  }

  func readIfThere<Value: Decodable>(_ file: String) throws(StoreError) -> Value? {
    FileManager.default.fileExists(atPath: "\(path)/\(file)") ? try read(file) : nil
  }

  func read<Value: Decodable>(_ file: String) throws(StoreError) -> Value {
    guard let data = FileManager.default.contents(atPath: "\(path)/\(file)") else {
      throw .unavailable("\(path)/\(file) can't be read")
    }
    do { return try JSONDecoder().decode(Value.self, from: data) } catch {
      throw .corrupt("\(path)/\(file) does not hold what it should")
    }
  }

  func all<Value: Decodable>(_ folder: String) throws(StoreError) -> [Value] {
    let names = try reporting {
      try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")
    }
    var values: [Value] = []
    for name in names where name.hasSuffix(".json") { values.append(try read("\(folder)/\(name)")) }
    return values
  }

  /// Writes all of `files` or none. When it returns they are on disk.
  func write(_ files: [String: Data]) throws(StoreError) {
    try replace(Directory.journal, with: json(files))
    try sync(".")
    try finish(files)
  }

  private func finish(_ files: [String: Data]) throws(StoreError) {
    for (file, data) in files { try replace(file, with: data) }
    for folder in [".", "keys", "owners", "log"] { try sync(folder) }
    try reporting { try FileManager.default.removeItem(atPath: "\(path)/\(Directory.journal)") }
  }

  private func replace(_ file: String, with data: Data) throws(StoreError) {
    // No name of a record ends like this, so what a kill leaves behind is never read.
    let temporary = "\(path)/\(file).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try reporting {
      guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      try handle.write(contentsOf: data)
      try handle.synchronize()
      guard rename(temporary, "\(path)/\(file)") == 0 else { throw POSIXError(.EIO) }
    }
  }

  /// A rename is on disk once its folder is.
  private func sync(_ folder: String) throws(StoreError) {
    let descriptor = open("\(path)/\(folder)", O_RDONLY | O_CLOEXEC)
    defer { _ = Foundation.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .unavailable("\(path)/\(folder) can't be synced") }
  }

  private func reporting<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
    do { return try body() } catch {
      throw .unavailable("the directory \(path): \(error.localizedDescription)")
    }
  }
}

/// Records hold nothing that JSON can't, but numbers that are none.
func json(_ value: some Encodable) -> Data {
  let encoder = JSONEncoder()
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return (try? encoder.encode(value)) ?? Data()
}
