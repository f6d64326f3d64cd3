import CardeaLifecycle

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A new file for one token, which only its owner may read. It is made before the key, so that a
/// key is never made whose token can't be kept.
struct TokenFile: ~Copyable {
  let path: String
  private let descriptor: Int32
  private var isKept = false

  /// Creates the file; one that exists, also as a link, is refused.
  init(creating path: String) throws(CommandFailure) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600 as mode_t)
    self.path = path
    guard descriptor >= 0 else {
      throw .usage(
        "the token file \(path) can't be made: \(String(cString: strerror(errno)))",
        remedy:
          "Nothing was changed. Name a file that does not exist yet, where you may write.",
        field: "token_file")
    }
    // The umask may have taken bits away; it can't have added any.
    fchmod(descriptor, 0o600)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if descriptor >= 0, !isKept { unlink(path) }
  }

  /// Writes the token and a line's end, and syncs the file.
  mutating func keep(_ token: Secret) throws(CommandFailure) {
    let file = descriptor
    let isWritten = token.withUnsafeBytes { bytes in
      TokenFile.write(bytes, to: file)
    }
    let isSynced = isWritten && TokenFile.write([UInt8(ascii: "\n")], to: file) && fsync(file) == 0
    guard isSynced else {
      throw .refused(
        "token_not_written", "the token could not be written to \(path)",
        remedy: "Make room there. The key is in force.")
    }
    isKept = true
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { write($0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
