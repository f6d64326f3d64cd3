import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct FaultyHasherTests {
  private func promises(_ fault: FaultyHasher.Fault?) -> [Promise] {
    HasherPromises(beyondCeiling: ["sample$1001$abcd$\(String(repeating: "0", count: 64))"]) {
      FaultyHasher(fault: fault)
    }.all
  }

  @Test func aSoundOneKeepsEveryPromise() async {
    #expect(await broken(promises(nil)) == [])
  }

  @Test(arguments: FaultyHasher.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyHasher.Fault) async {
    let found = await broken(promises(fault))
    #expect(found == fault.breaks)
  }
}

/// `sample$ROUNDS$SALT$DIGEST`, with one thing wrong.
struct FaultyHasher: SecretHasher {
  enum Fault: PlantedFault {
    case unsalted, ignoresCase, throwsOnWrong, falseForUnreadable, comparesWhatIsThere, noCeiling
    case alwaysRehashes, leaksIntoError, readsPlusSigns, unnamespacedID, ignoresTail

    var breaks: Set<String> {
      switch self {
      case .unsalted: ["salts: two hashes of one secret differ"]
      case .ignoresCase: ["refuses another secret without an error"]
      case .throwsOnWrong:
        [
          "refuses another secret without an error", "answers alike from many threads at once",
          "verifies secrets of 16 and of 128 characters",
        ]
      case .falseForUnreadable:
        [
          "throws on an unreadable hash", "throws on parameters that are no sensible number",
          "refuses work beyond its ceiling",
        ]
      case .comparesWhatIsThere:
        ["throws on an unreadable hash", "never verifies a hash that was tampered with"]
      case .noCeiling: ["refuses work beyond its ceiling"]
      case .alwaysRehashes: ["leaves a fresh hash alone"]
      case .leaksIntoError: ["keeps the secret out of the hash and out of what it prints"]
      case .readsPlusSigns: ["throws on parameters that are no sensible number"]
      case .unnamespacedID: ["has a stable id, namespaced by kind"]
      case .ignoresTail:
        [
          "refuses another secret without an error", "verifies secrets of 16 and of 128 characters",
        ]
      }
    }
  }

  let fault: Fault?
  let algorithm = "sample"
  let cost = HashCost.fast

  var id: String { fault == .unnamespacedID ? "sample" : "hasher.sample" }

  func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    let salt = fault == .unsalted ? "abcd" : hex(request.primitives.randomBytes(8))
    return EncodedHash("sample$10$\(salt)$\(digest(request.secret, rounds: 10, salt))")
  }

  func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    do throws(HasherError) {
      let fields = request.hash.fields.map { String($0) }
      let wholeLength = fault == .comparesWhatIsThere ? 0...64 : 64...64
      guard fields.count == 4, fields[0] == algorithm, fields[2].utf8.count >= 4,
        (fields[2] + fields[3]).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x21 }),
        wholeLength.contains(fields[3].utf8.count), let rounds = number(fields[1])
      else {
        if fault == .leaksIntoError {
          throw .failed(algorithm: algorithm, reason: request.secret.reveal())
        }
        throw .unreadable(algorithm: algorithm)
      }
      if rounds > 1000, fault != .noCeiling {
        throw .beyondCeiling(algorithm: algorithm, limit: "1000 rounds")
      }
      let found = digest(request.secret, rounds: rounds, fields[2])
      let right =
        fault == .comparesWhatIsThere
        ? found.utf8.starts(with: fields[3].utf8) : found == fields[3]
      if !right, fault == .throwsOnWrong { throw .failed(algorithm: algorithm, reason: "wrong") }
      return right
    } catch {
      if fault == .falseForUnreadable { return false }
      throw error
    }
  }

  func needsRehash(_ hash: EncodedHash) -> Bool { fault == .alwaysRehashes }

  private func number(_ text: String) -> Int? {
    if fault == .readsPlusSigns { return Int(text).flatMap { $0 > 0 ? $0 : nil } }
    guard (1...6).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "0"),
      text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    return Int(text)
  }

  private func digest(_ secret: Secret, rounds: Int, _ salt: String) -> String {
    var text = secret.reveal()
    if fault == .ignoresCase { text = text.lowercased() }
    if fault == .ignoresTail { text = String(text.prefix(8)) }
    return hex(SamplePrimitives().sha256(Array("\(rounds)\(salt)\(text)".utf8)).bytes)
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
