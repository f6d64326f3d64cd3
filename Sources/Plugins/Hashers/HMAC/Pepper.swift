import CardeaContracts

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
    let secret = try SecretFile.read(
      file, lengths: Pepper.minimumLength...Pepper.maximumLength, plugin: "hasher.hmac_sha256",
      setting: "hash.pepper_files",
      remedy: "Make a new pepper: head -c 32 /dev/urandom > FILE.")
    try self.init(version: version, secret: secret)
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
