import CardeaContracts
import CardeaSodium
import CardeaTestFixtures
import Testing

/// Private keys in files, as operators make them with `openssl genpkey`.
@Suite struct SigningKeyFileTests {
  let folder: TemporaryFolder
  /// RFC 8410, section 10.3.
  let pem = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    -----END PRIVATE KEY-----

    """

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ["\n", "\r\n"]) func readsTheExampleOfTheRFC(_ lineEnd: String) throws {
    let text = pem.split(separator: "\n").map { $0 + lineEnd }.joined()
    let file = try folder.write(Array(text.utf8), to: "key.pem", mode: 0o600)
    let key = try Ed25519.PrivateKey(file: file, setting: "audit.signing_key_file")
    // Its public key stands in section 10.1.
    #expect(
      Base64.encodeURL(try SodiumPrimitives().publicKey(of: key).bytes)
        == "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE")
  }

  @Test(arguments: [0o640, 0o604, 0o644]) func refusesAFileThatOthersCanReach(_ mode: Int) throws {
    try refuses(folder.write(Array(pem.utf8), to: "key.pem", mode: mode), because: "others")
  }

  @Test func refusesWhatIsNoFile() throws {
    refuses(folder.file("absent"), because: "can't be opened")
    refuses(folder.path, because: "not a regular file")
    try refuses(folder.write([], to: "empty", mode: 0o600), because: "1 to 1024 bytes")
    try refuses(
      folder.write([UInt8](repeating: 10, count: 1_025), to: "long", mode: 0o600),
      because: "1 to 1024 bytes")
  }

  @Test func refusesEveryOtherText() throws {
    let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
    let others = [
      pem.replacing("PRIVATE", with: "ENCRYPTED PRIVATE"),
      pem.replacing("BEGIN PRIVATE", with: "BEGIN PUBLIC"),
      pem.replacing("-----END PRIVATE KEY-----\n", with: ""),
      pem.replacing(body, with: body + "\n" + body),
      pem.replacing(body, with: String(body.dropLast())),
      pem.replacing(body, with: body.dropLast() + "="),
      pem.replacing(body, with: "!" + body.dropFirst()),
      // X25519, which has another object identifier.
      pem.replacing("K2Vw", with: "K2Vu"),
      pem + pem, body, String(repeating: "0", count: 64),
    ]
    for (index, text) in others.enumerated() {
      try refuses(
        folder.write(Array(text.utf8), to: "key-\(index)", mode: 0o600), because: "PKCS#8")
    }
  }

  /// The fault names setting and file, and shows nothing of the content.
  private func refuses(_ file: String, because reason: String) {
    #expect {
      try Ed25519.PrivateKey(file: file, setting: "audit.signing_key_file")
    } throws: { error in
      guard let fault = error as? ConfigurationFault else { return false }
      return fault.setting == "audit.signing_key_file" && fault.value == file
        && fault.problem.contains(reason) && !fault.description.contains("MC4CAQ")
    }
  }
}
