import CardeaKernel

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A secret that is kept outside the store, under a version that the hashes made with it name.
///
/// Threading: immutable.
public struct Pepper: Sendable {
  /// 1 to 16 letters and digits: `v1`.
  public let version: String
  let secret: Secret

  /// RFC 2104, section 3: a key shorter than the digest, here 32 bytes, weakens HMAC.
  public static let minimumLength = 32
  /// The longest file that is read, in bytes.
  public static let maximumLength = 4096

  /// Takes a pepper from memory, for a host that keeps it in a key management service.
  /// - Parameters:
  ///   - version: 1 to 16 letters and digits.
  ///   - secret: 32 bytes or more.
  public init(version: String, secret: Secret) throws(ConfigurationFault) {
    guard Pepper.isVersion(version.utf8) else {
      throw Pepper.fault(
        value: version, problem: "a version is 1 to 16 letters and digits",
        remedy: "Write it as v1=PATH.")
    }
    guard (Pepper.minimumLength...Pepper.maximumLength).contains(secret.count) else {
      throw Pepper.fault(
        value: version, problem: "the pepper is not 32 to 4096 bytes long",
        remedy: "Make a new one: head -c 32 /dev/urandom > FILE.")
    }
    self.version = version
    self.secret = secret
  }

  /// Reads a pepper from a file, every byte of which counts, a last newline too.
  ///
  /// The file must be a regular one (a symbolic link to one will do), grant nothing to group and
  /// others, and hold 32 to 4096 bytes.
  /// - Parameters:
  ///   - version: 1 to 16 letters and digits.
  ///   - file: the file's path.
  /// - Throws: ``ConfigurationFault`` that names `hash.pepper_files` and the path, never the
  ///   content.
  public init(version: String, file: String) throws(ConfigurationFault) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer. What was opened is what is
    // checked.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Pepper.fault(
        value: file, problem: "the file can't be opened: \(String(cString: strerror(errno)))",
        remedy: "Name a file that this process may read.")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Pepper.fault(
        value: file, problem: "it is not a regular file",
        remedy: "Name a file with 32 bytes or more.")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw Pepper.fault(
        value: file, problem: "others than its owner have access to the file",
        remedy: "Take it away: chmod 600 \(file)")
    }
    guard let secret = Pepper.read(descriptor) else {
      throw Pepper.fault(
        value: file, problem: "the file can't be read", remedy: "Check the disk that it is on.")
    }
    guard (Pepper.minimumLength...Pepper.maximumLength).contains(secret.count) else {
      throw Pepper.fault(
        value: file, problem: "the file is not 32 to 4096 bytes long",
        remedy: "Make a new pepper: head -c 32 /dev/urandom > FILE.")
    }
    try self.init(version: version, secret: secret)
  }

  /// Up to one byte more than is allowed, so that a longer file shows.
  private static func read(_ descriptor: Int32) -> Secret? {
    let capacity = maximumLength + 1
    return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      defer { wipe(buffer) }
      var count = 0
      while count < capacity {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let result = retry { systemRead(descriptor, rest.baseAddress, rest.count) }
        if result < 0 { return nil }
        if result == 0 { break }
        count += result
      }
      return Secret(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private static func systemRead(
    _ descriptor: Int32, _ base: UnsafeMutableRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Darwin)
      Darwin.read(descriptor, base, count)
    #elseif canImport(Musl)
      Musl.read(descriptor, base, count)
    #else
      Glibc.read(descriptor, base, count)
    #endif
  }

  /// Again as long as a signal interrupts.
  private static func retry(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  private static func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let base = buffer.baseAddress else { return }
    #if canImport(Darwin)
      memset_s(base, buffer.count, 0, buffer.count)
    #else
      explicit_bzero(base, buffer.count)
    #endif
  }

  static func isVersion(_ text: some Collection<UInt8>) -> Bool {
    (1...16).contains(text.count)
      && text.allSatisfy { byte in
        let lowerCased = byte | 0x20
        return (lowerCased >= 0x61 && lowerCased <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
      }
  }

  static func fault(
    value: String? = nil, problem: String, remedy: String
  ) -> ConfigurationFault {
    ConfigurationFault(
      plugin: "hasher.hmac_sha256", setting: "hash.pepper_files", value: value, problem: problem,
      remedy: remedy)
  }
}
