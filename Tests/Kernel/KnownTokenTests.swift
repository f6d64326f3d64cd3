import CardeaLifecycle
import Testing

@testable import CardeaContracts

/// What is known of a token, apart from whose it is.
@Suite struct KnownTokenTests {
  private func known(
    _ stored: StoredKey, _ match: StoredSecret?, wasRight: Bool = false
  ) -> KnownToken {
    KnownToken(
      stored, digest: Digest128(low: 1, high: 2), stamp: .none, match: match, wasRight: wasRight)
  }

  /// A wrong token is known to be wrong for the rows that it was tried on, and for no others.
  @Test func itIsWrongForTheRowsThatItWasTriedOn() async throws {
    let rig = try await Rig()
    let stored = try await rig.key().stored
    let other = try await rig.key().stored.key.secrets[0]
    let rotated = try await rig.kernel.rotateToken(
      stored.key.id, Rotation(overlap: .seconds(60)), by: .host
    ).stored
    let rows = rotated.key.secrets
    try #require(rows.count == 2)
    #expect(rows.allSatisfy { known(rotated, nil).isWrong(for: $0) })
    #expect(!known(rotated, nil).isWrong(for: other))
    #expect(!known(stored, nil).isWrong(for: rows[1]), "a row that came later")
    #expect(rows.allSatisfy { !known(rotated, rows[0]).isWrong(for: $0) })
  }

  @Test func whoeverWasRightOnceIsNoGuesser() async throws {
    let stored = try await Rig().key().stored
    #expect(!known(stored, nil).wasRight)
    #expect(known(stored, stored.key.secrets[0]).wasRight)
    #expect(known(stored, nil, wasRight: true).wasRight)
    let plain = KnownToken(stored, digest: Digest128(low: 1, high: 2), stamp: .none, match: nil)
    #expect(!plain.wasRight)
  }

  /// The cache's second chance: what is new counts as seen.
  @Test func aSightIsForgottenOnce() async throws {
    let token = known(try await Rig().key().stored, nil)
    #expect(token.forgetSight())
    #expect(!token.forgetSight())
    token.noteSight()
    token.noteSight()
    #expect(token.forgetSight())
    #expect(!token.forgetSight())
  }
}
