import CardeaTestSupport
import Testing

@testable import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What lies just within each bound, and what lies just beyond it.
@Suite struct LifecycleRulesTests {
  private typealias Check = (Int) throws -> Void

  private func takes(_ check: () throws -> Void) -> Bool {
    do { try check() } catch { return false }
    return true
  }

  private func text(_ count: Int, _ character: Character = "x") -> String {
    String(repeating: character, count: count)
  }

  @Test func whatIsJustWithinABoundIsTaken() {
    let configuration = KernelConfiguration()
    let checks: [(most: Int, check: Check)] = [
      (128, { try LifecycleRules.checkName(text($0)) }),
      // 512 bytes.
      (128, { try LifecycleRules.checkName(text($0, "\u{1F600}")) }),
      (1_024, { try LifecycleRules.checkDescription(text($0)) }),
      (64, { try LifecycleRules.checkClass(text($0)) }),
      (128, { try LifecycleRules.checkOwnerName(text($0)) }),
      (1_000, { _ = try LifecycleRules.members((0..<$0).map { "user\($0)" }, of: .organization) }),
      // With `{"a":""}` 4,096 bytes.
      (4_088, { try LifecycleRules.checkMetadata(["a": .string(text($0))]) }),
      // As many quotes, each of which is written as two bytes.
      (2_044, { try LifecycleRules.checkMetadata(["a": .string(text($0, "\""))]) }),
      (7, { try LifecycleRules.checkOverlap(.seconds($0 == 7 ? 604_800 : 604_801)) }),
      (256, { _ = try LifecycleRules.scopes((0..<$0).map { "s\($0)" }, configuration) }),
    ]
    for (index, (most, check)) in checks.enumerated() {
      #expect(takes { try check(most) }, "\(index)")
      #expect(!takes { try check(most + 1) }, "\(index)")
    }
  }

  @Test func whatNobodyCanReadIsRefused() {
    for character in ["\u{0}", "\u{1F}", "\u{7F}", "\u{85}", "\u{9F}"] {
      #expect(!takes { try LifecycleRules.checkName("a\(character)b") })
      #expect(!takes { try LifecycleRules.checkDescription("a\(character)b") })
    }
    #expect(!takes { try LifecycleRules.checkName("\n") }, "and nothing else neither")
    for character in [" ", "~", "é", "\u{A0}"] {
      #expect(takes { try LifecycleRules.checkName("a\(character)b") })
    }
    for character in [" ", "\u{7F}", "é"] {
      #expect(!takes { try LifecycleRules.checkClass("a\(character)b") })
      #expect(!takes { try LifecycleRules.checkOwnerName("a\(character)b") })
    }
  }

  @Test func theReasonSaysWhatIsWrongWithAScope() {
    func reason(_ name: String) -> String {
      var configuration = KernelConfiguration()
      configuration.availableScopes = ["orders"]
      do { _ = try LifecycleRules.scopes([name], configuration) } catch { return "\(error)" }
      return ""
    }
    #expect(reason("bills").contains("not an available scope"))
    #expect(reason("two words").contains("printable ASCII"))
    #expect(reason("orders").isEmpty)
  }

  @Test func aHundredYearsAreTheFurthest() {
    let (configuration, now) = (KernelConfiguration(), Timestamp(milliseconds: 1_000))
    for (days, isTaken) in [(36_500, true), (36_501, false)] {
      for expiry in [Expiry.after(.days(days)), .at(now.adding(.days(days)) ?? now)] {
        #expect(
          takes { _ = try LifecycleRules.moment(of: expiry, at: now, configuration, by: .host) }
            == isTaken)
      }
    }
  }

  @Test func aKeyHasExpiredAtItsExpiry() {
    let key = KeyRecord(
      id: UUID(), prefix: "p", name: "t", format: "keysmith",
      createdAt: Timestamp(milliseconds: 0), createdBy: "t",
      expiresAt: Timestamp(milliseconds: 10), secrets: [])
    #expect(key.state(at: Timestamp(milliseconds: 9)) == .active)
    #expect(key.state(at: Timestamp(milliseconds: 10)) == .expired)
  }

  /// A change does not take back what usage and a new hash have written since its reading.
  @Test func workThatWasDoneMeanwhileIsKept() throws {
    func addresses(_ marks: UInt64...) -> AddressSet {
      var set = AddressSet()
      for mark in marks { set.insert(mark) }
      return set
    }
    func secret(_ id: UUID, _ hash: String, _ used: Int64?, _ marks: AddressSet) -> StoredSecret {
      StoredSecret(
        id: id, hash: EncodedHash(hash), format: "keysmith", createdAt: Timestamp(milliseconds: 0),
        lastUsedAt: used.map { Timestamp(milliseconds: $0) }, addresses: marks)
    }
    let (known, new) = (UUID(), UUID())
    let read = [secret(known, "old", 5, addresses(1)), secret(new, "fresh", nil, addresses())]
    let kept = read.keepingWork(of: [secret(known, "better", 9, addresses(2))])
    #expect(kept == [secret(known, "better", 9, addresses(1, 2)), read[1]])
    let later = read.keepingWork(of: [secret(known, "better", 3, addresses())])
    #expect(later[0] == secret(known, "better", 5, addresses(1)))
  }

  @Test(arguments: [
    "a.0.0.0/8", "0.0.0.:/8", "1/.0.0.0/8", "1a.0.0.0/8", "10.0.0.0/a", "10.0.0.0/8a",
    "10.0.0.0/08", "10.0.0.0/:", "10.0.0.0/1:",
  ])
  func whatIsNoNumberIsNoAddress(_ text: String) { #expect(CIDR(text) == nil) }
}
