import CardeaContracts
import CardeaPluginTestKit
import CardeaSodium
import Testing

@Suite struct SodiumPrimitivesTests {
  static let promises = PrimitivesPromises { try SodiumPrimitives() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func hasItsID() throws {
    #expect(try SodiumPrimitives().id == "primitives.sodium")
  }

  @Test func digestsUnderAKeyOfItsOwn() throws {
    let bytes = Array("tok_ab12CD34:SecretValueHere".utf8)
    let (first, second) = (try SodiumPrimitives(), try SodiumPrimitives())
    #expect(bytes.withUnsafeBytes(first.keyedDigest) == bytes.withUnsafeBytes(first.keyedDigest))
    #expect(bytes.withUnsafeBytes(first.keyedDigest) != bytes.withUnsafeBytes(second.keyedDigest))
  }

  @Test func digestsNothingAtAll() throws {
    let primitives = try SodiumPrimitives()
    let empty = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(primitives.keyedDigest(empty) == primitives.keyedDigest(empty))
    #expect(primitives.randomBytes(0).isEmpty)
    #expect(primitives.randomBytes(-1).isEmpty)
    #expect(primitives.equal([], []))
  }

  @Test(
    "SHA-256 of FIPS 180-4's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func computesSHA256(_ text: String, _ digest: String) throws {
    let computed = try SodiumPrimitives().sha256(Array(text.utf8)).bytes
    #expect(
      computed.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == digest)
  }

  @Test func showsNothingOfItsKey() throws {
    let primitives = try SodiumPrimitives()
    var shown = ""
    dump(primitives, to: &shown)
    #expect(!shown.contains("0x"))
    #expect(Mirror(reflecting: primitives).children.isEmpty)
  }
}
