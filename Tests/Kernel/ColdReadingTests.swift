import CardeaContracts
import CardeaLifecycle
import Testing

@testable import CardeaCache
@testable import CardeaKernel

/// What one reading of the store says to others who presented the same token meanwhile.
@Suite struct ColdReadingTests {
  @Test func itSaysToOthersWhatIsTrueForThemToo() async throws {
    let rig = try await Rig()
    let (issued, other) = (try await rig.key(), try await rig.key())
    let token = try #require(rig.kernel.presented(issued.token))
    func says(_ found: ColdReading.Found, cancelled: Bool = false) -> Bool {
      ColdReading(began: 0, found: found, wasCancelled: cancelled).says(of: token)
    }
    func known(_ key: IssuedKey) -> KnownToken {
      KnownToken(key.stored, digest: token.digest, stamp: .none, match: nil)
    }
    #expect(says(.entry(known(issued))))
    #expect(!says(.entry(known(other))), "the same digest, of another key")
    #expect(!says(.denied(.unknown)), "it may have been made since")
    for reason in [Denial.Reason.purged, .failed, .overloaded] { #expect(says(.denied(reason))) }
    #expect(says(.unreachable))
    #expect(
      !says(.unreachable, cancelled: true), "whoever read was told to stop, the others were not")
    #expect(says(.denied(.purged), cancelled: true))
  }
}
