import Cardea

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The file of `audit.signing_key_file`: an Ed25519 seed as 64 hexadecimal digits and a line's end.
enum SigningKeyFile {
  /// Makes a new file with a new key. One that exists is left alone.
  static func create(
    _ path: String, primitives: any Primitives
  ) throws(CommandFailure) -> Ed25519.PrivateKey {
    let seed = primitives.randomBytes(32)
    guard let key = Ed25519.PrivateKey(seed: Secret(seed)) else {
      throw .refused("failed", "the primitives gave no 32 bytes")
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600 as mode_t)
    guard descriptor >= 0 else {
      throw .usage(
        "the key file \(path) can't be made: \(String(cString: strerror(errno)))",
        remedy: "Nothing was changed. Name a file that does not exist yet, where you may write.",
        field: "file")
    }
    defer { close(descriptor) }
    let bytes = Array("\(Hex.text(seed))\n".utf8)
    let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0) }
    guard written == bytes.count, fsync(descriptor) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(path)
      throw .refused("failed", "the key could not be written to \(path): \(reason)")
    }
    return key
  }

  /// Reads the key. The file must be a regular one that grants nothing to group and others.
  static func read(_ path: String) throws(ConfigurationFault) -> Ed25519.PrivateKey {
    // O_NONBLOCK: opening a named pipe must not wait for a writer. What was opened is what is checked.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw fault(
        path, "the file can't be opened: \(String(cString: strerror(errno)))",
        "Make one: cardea audit init-key FILE.")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw fault(path, "it is not a regular file", "Make one: cardea audit init-key FILE.")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw fault(
        path, "others than its owner have access to the file", "Take it away: chmod 600 \(path)")
    }
    var text = [UInt8](repeating: 0, count: 66)
    let count = pread(descriptor, &text, text.count, 0)
    let line = text.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
    guard count == 64 || (count == 65 && text[64] == UInt8(ascii: "\n")),
      let seed = Hex.bytes(String(decoding: line, as: UTF8.self)),
      let key = Ed25519.PrivateKey(seed: Secret(seed))
    else {
      throw fault(
        path, "it does not hold 64 hexadecimal digits",
        "Make a new one: cardea audit init-key FILE.")
    }
    return key
  }

  private static func fault(
    _ path: String, _ problem: String, _ remedy: String
  ) -> ConfigurationFault {
    ConfigurationFault(
      setting: SettingsTable.auditSigningKey.name, value: path, problem: problem, remedy: remedy)
  }
}
