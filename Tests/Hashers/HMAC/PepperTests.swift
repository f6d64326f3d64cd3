import CardeaContracts
import CardeaHMAC
import CardeaTestFixtures
import Testing

@Suite struct PepperTests {
  let folder: TemporaryFolder
  let bytes = (0..<32).map { UInt8(200 + $0) }

  init() throws { folder = try TemporaryFolder() }

  @Test func readsEveryByteOfItsFile() throws {
    let file = try folder.write(bytes, to: "pepper", mode: 0o600)
    let fromFile = try HMACSHA256Hasher(peppers: [Pepper(version: "v1", file: file)])
    let fromMemory = try HMACSHA256Hasher(peppers: [Pepper(version: "v1", secret: Secret(bytes))])
    #expect(try verify(fromMemory, "x", hash(fromFile, "x").encoded))
    // A last newline counts: the file is what it is.
    let longer = try folder.write(bytes + [0x0A], to: "longer", mode: 0o400)
    let other = try HMACSHA256Hasher(peppers: [Pepper(version: "v1", file: longer)])
    #expect(try !verify(other, "x", hash(fromFile, "x").encoded))
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o610, 0o644, 0o666, 0o601])
  func refusesAFileThatOthersCanReach(_ mode: Int) throws {
    try refuses(folder.write(bytes, to: "pepper", mode: mode), because: "others")
  }

  @Test(arguments: [0, 1, 31, 4097]) func refusesALength(_ count: Int) throws {
    let content = [UInt8](repeating: 1, count: count)
    try refuses(folder.write(content, to: "pepper", mode: 0o600), because: "32 to 4096 bytes")
  }

  @Test func refusesWhatIsNoFile() throws {
    refuses(folder.file("absent"), because: "can't be opened")
    refuses(folder.path, because: "not a regular file")
  }

  @Test(arguments: ["", "v 1", "v$1", "v=1", "v\u{e9}", "abcdefghijklmnopq"])
  func refusesAVersion(_ version: String) throws {
    #expect { try Pepper(version: version, secret: Secret(bytes)) } throws: { error in
      (error as? ConfigurationFault)?.setting == "hash.pepper_files"
    }
  }

  /// The fault names setting and file, and shows nothing of the content.
  private func refuses(_ file: String, because reason: String) {
    #expect { try Pepper(version: "v1", file: file) } throws: { error in
      guard let fault = error as? ConfigurationFault else { return false }
      return fault.setting == "hash.pepper_files" && fault.value == file
        && fault.problem.contains(reason)
    }
  }
}
