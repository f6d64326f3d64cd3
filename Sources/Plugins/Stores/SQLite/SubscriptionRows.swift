import CardeaContracts
import GRDB

/// The cursors of durable subscriptions and their dead letters, in the tables `subscriptions` and `dead_letters`.
///
/// Threading: inside one access to a connection's queue; what changes something, inside a transaction.
struct SubscriptionRows {
  let db: Database

  func claim(_ claim: SubscriptionClaim) throws(StoreError) -> Int64? {
    try Query(
      db,
      """
      INSERT INTO subscriptions (name, position, holder, until) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (name) DO UPDATE SET holder = ?3, until = ?4 WHERE holder = ?3 OR until <= ?5
      """, [claim.name, claim.start, claim.holder, claim.until, claim.now]
    ).run()
    let held = try Query(
      db, "SELECT position FROM subscriptions WHERE name = ? AND holder = ?",
      [claim.name, claim.holder])
    return try held.step() ? held.int(0) : nil
  }

  func advance(_ step: SubscriptionStep) throws(StoreError) {
    let moved = try Query(
      db,
      "UPDATE subscriptions SET position = ? WHERE name = ? AND holder = ? AND position = ?",
      [step.to, step.name, step.holder, step.from]
    ).run()
    guard moved == 1 else { throw .conflict }
    if let position = step.settled {
      try Query(
        db, "DELETE FROM dead_letters WHERE subscription = ? AND position = ?",
        [step.name, position]
      ).run()
    }
    guard let letter = step.buried else { return }
    try Query(
      db,
      """
      INSERT OR REPLACE INTO dead_letters
        (subscription, position, signal, key_id, prefix, failed_at, attempts, reason, replayed)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        letter.subscription, letter.position, letter.signal, letter.keyID, letter.prefix,
        letter.failedAt, letter.attempts, letter.reason, letter.isReplayed,
      ]
    ).run()
  }

  func replay(subscription: String?, position: Int64?) throws(StoreError) -> Int64 {
    Int64(
      try Query(
        db,
        """
        UPDATE dead_letters SET replayed = 1
        WHERE (?1 IS NULL OR subscription = ?1) AND (?2 IS NULL OR position = ?2)
        """, [subscription, position]
      ).run())
  }

  func forget(_ subscription: String) throws(StoreError) {
    try Query(db, "DELETE FROM dead_letters WHERE subscription = ?", [subscription]).run()
    try Query(db, "DELETE FROM subscriptions WHERE name = ?", [subscription]).run()
  }

  func all() throws(StoreError) -> [SubscriptionRecord] {
    let rows = try Query(
      db,
      """
      SELECT name, position,
        (SELECT count(*) FROM dead_letters WHERE subscription = name) FROM subscriptions ORDER BY name
      """)
    var records: [SubscriptionRecord] = []
    while try rows.step() {
      records.append(
        SubscriptionRecord(
          name: try rows.text(0), position: rows.int(1), deadLetters: Int(rows.int(2))))
    }
    return records
  }

  func deadLetters(_ query: DeadLetterQuery) throws(StoreError) -> [DeadLetter] {
    let rows = try Query(
      db,
      """
      SELECT subscription, position, signal, key_id, prefix, failed_at, attempts, reason, replayed
      FROM dead_letters
      WHERE (?1 IS NULL OR subscription = ?1) AND (?2 = 0 OR replayed = 1)
        AND (?3 IS NULL OR (subscription, position) > (?3, ?4))
      ORDER BY subscription, position LIMIT ?5
      """,
      [
        query.subscription, query.onlyReplayed, query.after?.subscription,
        query.after?.position ?? 0, min(max(query.limit, 1), 1_000),
      ])
    var letters: [DeadLetter] = []
    while try rows.step() {
      letters.append(
        DeadLetter(
          subscription: try rows.text(0), position: rows.int(1), signal: try rows.text(2),
          keyID: try rows.optionalUUID(3), prefix: try rows.optionalText(4),
          failedAt: rows.timestamp(5), attempts: Int(rows.int(6)), reason: try rows.text(7),
          isReplayed: rows.int(8) != 0))
    }
    return letters
  }
}
