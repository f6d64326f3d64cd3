import CardeaContracts
import CardeaFormats
import CardeaPluginTestKit
import Testing

@Suite struct RandomCharactersTests {
  /// 128,000 characters: each of the 62 comes some 2,065 times with a deviation of 45; eight of
  /// those are a fault.
  @Test func drawsEveryCharacterAboutAsOften() throws {
    let primitives = SamplePrimitives(seed: 11)
    var counts: [UInt8: Int] = [:]
    for _ in 0..<1_000 {
      let built = try KeysmithFormat().build(request(secretLength: 128, primitives: primitives))
      for byte in built.secret.reveal().utf8 { counts[byte, default: 0] += 1 }
    }
    #expect(counts.count == 62)
    for (byte, count) in counts { #expect(abs(count - 2_065) < 360, "\(byte) came \(count) times") }
  }

  /// Bytes of 248 and above would favour some characters, so they are passed over.
  @Test func passesOverBytesThatWouldFavourSome() throws {
    let primitives = HighBytes()
    let built = try KeysmithFormat().build(request(primitives: primitives))
    #expect(built.secret.reveal() == String(repeating: "0", count: 32))
  }

  /// Every second byte is 248 or more, the others are zero.
  private final class HighBytes: Primitives {
    let id = "primitives.high"
    let other = SamplePrimitives()

    func randomBytes(_ count: Int) -> [UInt8] {
      (0..<count).map { $0 % 2 == 0 ? UInt8(248 + $0 % 8) : 0 }
    }
    func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128 { other.keyedDigest(bytes) }
    func sha256(_ bytes: [UInt8]) -> Digest256 { other.sha256(bytes) }
    func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { other.equal(left, right) }
    func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey { other.publicKey(of: key) }
    func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature {
      other.sign(message, with: key)
    }
    func isValid(
      _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
    ) -> Bool { other.isValid(signature, of: message, by: key) }
  }
}
