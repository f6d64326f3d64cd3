import CardeaKernel
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

  @Test func theKitsOwnAreRandomInNameOnly() async {
    let promises = PrimitivesPromises { SamplePrimitives() }.all
    #expect(await broken(promises) == ["never gives the same random bytes twice"])
  }
}

/// libsodium's, with one thing wrong.
struct FaultyPrimitives: Primitives {
  enum Fault: PlantedFault {
    case oneTooFew, letters, halfDigest, ignoresLength, comparesFirst16, truncatesHash

    var breaks: Set<String> {
      switch self {
      case .oneTooFew: ["gives as many random bytes as were asked for"]
      case .letters: ["uses every byte value about as often"]
      case .halfDigest, .ignoresLength:
        ["digests differ in both halves for any other bytes"]
      case .comparesFirst16: ["compares every byte and the length"]
      case .truncatesHash: ["computes SHA-256 as FIPS 180-4 does"]
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
}
