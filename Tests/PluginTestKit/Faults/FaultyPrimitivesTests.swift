import CardeaContracts
import CardeaPluginTestKit
import CardeaSodium
import Testing

@Suite struct FaultyPrimitivesTests {
  @Test(arguments: FaultyPrimitives.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyPrimitives.Fault) async {
    let promises = PrimitivesPromises { try FaultyPrimitives(fault: fault) }.all
    let found = await broken(promises)
    #expect(found == fault.breaks)
  }

  @Test func theKitsOwnAreRandomAndSignInNameOnly() async {
    let promises = PrimitivesPromises { SamplePrimitives() }.all
    #expect(
      await broken(promises) == [
        "never gives the same random bytes twice", "signs as RFC 8032 does",
        "takes the signatures of RFC 8032",
      ])
  }
}

/// libsodium's, with one thing wrong.
struct FaultyPrimitives: Primitives {
  enum Fault: PlantedFault {
    case oneTooFew, letters, halfDigest, ignoresLength, comparesFirst16, truncatesHash
    case signsAnother, takesAnySignature, signsFirst32, reducesSignatures

    var breaks: Set<String> {
      switch self {
      case .oneTooFew: ["gives as many random bytes as were asked for"]
      case .letters: ["uses every byte value about as often"]
      case .halfDigest, .ignoresLength:
        ["digests differ in both halves for any other bytes"]
      case .comparesFirst16: ["compares every byte and the length"]
      case .truncatesHash: ["computes SHA-256 as FIPS 180-4 does"]
      case .signsAnother: ["signs as RFC 8032 does", "takes no signature of anything else"]
      case .takesAnySignature:
        ["takes no signature of anything else", "takes one spelling of a signature"]
      case .signsFirst32:
        [
          "signs as RFC 8032 does", "takes the signatures of RFC 8032",
          "takes no signature of anything else",
        ]
      case .reducesSignatures: ["takes one spelling of a signature"]
      }
    }
  }

  let id = "primitives.faulty"
  private let fault: Fault
  private let base: SodiumPrimitives

  init(fault: Fault) throws {
    self.fault = fault
    base = try SodiumPrimitives()
  }

  func randomBytes(_ count: Int) -> [UInt8] {
    let bytes = base.randomBytes(count)
    switch fault {
    case .oneTooFew: return count == 7 ? Array(bytes.dropLast()) : bytes
    case .letters: return bytes.map { $0 | 0x40 }
    default: return bytes
    }
  }

  func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128 {
    var input = Array(bytes)
    if fault == .ignoresLength { while input.last == 0 { input.removeLast() } }
    let digest = input.withUnsafeBytes { base.keyedDigest($0) }
    return fault == .halfDigest ? Digest128(low: digest.low, high: digest.low) : digest
  }

  func sha256(_ bytes: [UInt8]) -> Digest256 {
    base.sha256(fault == .truncatesHash ? Array(bytes.prefix(65_536)) : bytes)
  }

  func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    fault == .comparesFirst16
      ? base.equal(Array(left.prefix(16)), Array(right.prefix(16))) && left.count == right.count
      : base.equal(left, right)
  }

  func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey { base.publicKey(of: key) }

  func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature {
    base.sign(fault == .signsAnother ? message + [0] : signed(message), with: key)
  }

  func isValid(
    _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Bool {
    switch fault {
    case .takesAnySignature: true
    case .reducesSignatures:
      base.isValid(signature, of: message, by: key)
        || Ed25519Order.reduced(signature).map { base.isValid($0, of: message, by: key) } ?? false
    default: base.isValid(signature, of: signed(message), by: key)
    }
  }

  private func signed(_ message: [UInt8]) -> [UInt8] {
    fault == .signsFirst32 ? Array(message.prefix(32)) : message
  }
}

private enum Ed25519Order {
  /// The signature with the group's order taken from its second half, as a lenient verifier would
  /// reduce it.
  static func reduced(_ signature: Ed25519.Signature) -> Ed25519.Signature? {
    let order: [UInt8] = [
      0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE,
      0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ]
    var bytes = signature.bytes
    var borrow = 0
    for index in order.indices {
      let difference = Int(bytes[32 + index]) - Int(order[index]) - borrow
      bytes[32 + index] = UInt8(truncatingIfNeeded: difference)
      borrow = difference < 0 ? 1 : 0
    }
    return borrow == 0 ? Ed25519.Signature(bytes) : nil
  }
}
