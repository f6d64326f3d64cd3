extension Ed25519.PrivateKey {
  /// Reads a private key from a file that its owner alone can reach: PKCS#8 in PEM (RFC 8410, section 7), as
  /// `openssl genpkey -algorithm ed25519` writes it, not encrypted.
  /// - Parameters:
  ///   - file: the file's path.
  ///   - setting: the name of the setting that names the file, for faults.
  /// - Throws: ``ConfigurationFault`` that names the setting and the path, never the content.
  public init(file: String, setting: String) throws(ConfigurationFault) {
    let content = try SecretFile.read(
      file, lengths: 1...1_024, setting: setting,
      remedy: "Make one: openssl genpkey -algorithm ed25519 -out FILE")
    guard let key = Ed25519.PrivateKey(pem: content) else {
      throw ConfigurationFault(
        setting: setting, value: file,
        problem: "the file is no Ed25519 private key as PKCS#8 in PEM, not encrypted",
        remedy: "Make one: openssl genpkey -algorithm ed25519 -out FILE")
    }
    self = key
  }

  /// The key of a PEM text: the two lines around it and one line of base64, ended by LF or CRLF.
  init?(pem: Secret) {
    let seed: Secret? = pem.withUnsafeBytes { text in
      let lines = text.split(separator: UInt8(ascii: "\n")).map { line in
        line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      }
      guard lines.count == 3, lines[0].elementsEqual("-----BEGIN PRIVATE KEY-----".utf8),
        lines[2].elementsEqual("-----END PRIVATE KEY-----".utf8),
        var der = Base64.decode(lines[1])
      else { return nil }
      defer { der.wipe() }
      guard der.count == 48, der.starts(with: Ed25519.PrivateKey.header) else { return nil }
      return Secret(der[16...])
    }
    guard let seed else { return nil }
    self.init(seed: seed)
  }

  /// What stands before the 32 bytes of the seed (RFC 8410, section 7): a sequence of version 0, the algorithm
  /// 1.3.101.112 and an octet string within an octet string.
  private static let header: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
}
