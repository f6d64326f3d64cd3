import CardeaContracts

/// Writes the cursors of durable subscriptions and their dead letters, in the tables `subscriptions` and
/// `dead_letters`.
struct SubscriptionRows {
  private let transaction: Transaction

  init(_ transaction: Transaction) { self.transaction = transaction }

  func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    let held = try await transaction.run(
      """
      INSERT INTO cardea.subscriptions AS s (name, position, holder, until) VALUES ($1, $2, $3, $4)
      ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
        WHERE s.holder = EXCLUDED.holder OR s.until <= $5
      RETURNING position
      """,
      [claim.name, claim.start, claim.holder, claim.until, claim.now])
    return held.first?.int(0)
  }

  func advance(_ step: SubscriptionStep) async throws(StoreError) {
    let moved = try await transaction.run(
      """
      UPDATE cardea.subscriptions SET position = $1 WHERE name = $2 AND holder = $3 AND position = $4
      """, [step.to, step.name, step.holder, step.from])
    guard moved.changed == 1 else { throw .conflict }
    if let position = step.settled {
      try await transaction.run(
        "DELETE FROM cardea.dead_letters WHERE subscription = $1 AND position = $2",
        [step.name, position])
    }
    guard let letter = step.buried else { return }
    try await transaction.run(
      """
      INSERT INTO cardea.dead_letters
        (subscription, position, signal, key_id, prefix, failed_at, attempts, reason, replayed)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      ON CONFLICT (subscription, position) DO UPDATE SET signal = EXCLUDED.signal,
        key_id = EXCLUDED.key_id, prefix = EXCLUDED.prefix, failed_at = EXCLUDED.failed_at,
        attempts = EXCLUDED.attempts, reason = EXCLUDED.reason, replayed = EXCLUDED.replayed
      """,
      [
        letter.subscription, letter.position, letter.signal, letter.keyID, letter.prefix,
        letter.failedAt, letter.attempts, letter.reason, letter.isReplayed,
      ])
  }

  func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int64 {
    Int64(
      try await transaction.run(
        """
        UPDATE cardea.dead_letters SET replayed = true
        WHERE ($1 IS NULL OR subscription = $1) AND ($2 IS NULL OR position = $2)
        """, [subscription, position]
      ).changed)
  }

  /// The cursor's row first, as its holder takes them.
  func forget(_ subscription: String) async throws(StoreError) {
    try await transaction.run([
      Statement("SELECT 1 FROM cardea.subscriptions WHERE name = $1 FOR UPDATE", [subscription]),
      Statement("DELETE FROM cardea.dead_letters WHERE subscription = $1", [subscription]),
      Statement("DELETE FROM cardea.subscriptions WHERE name = $1", [subscription]),
    ])
  }

  // MARK: Reading

  static let all = Statement(
    """
    SELECT name, position,
      (SELECT count(*) FROM cardea.dead_letters WHERE subscription = name)
    FROM cardea.subscriptions ORDER BY name
    """)

  static func readAll(_ rows: Rows) throws(StoreError) -> [SubscriptionRecord] {
    var records: [SubscriptionRecord] = []
    for row in rows {
      records.append(
        SubscriptionRecord(
          name: try row.text(0), position: row.int(1), deadLetters: Int(row.int(2))))
    }
    return records
  }

  static func select(_ query: DeadLetterQuery) -> Statement {
    Statement(
      """
      SELECT subscription, position, signal, key_id, prefix, failed_at, attempts, reason, replayed
      FROM cardea.dead_letters
      WHERE ($1 IS NULL OR subscription = $1) AND (NOT $2 OR replayed)
        AND ($3 IS NULL OR (subscription, position) > ($3, $4))
      ORDER BY subscription, position LIMIT $5
      """,
      [
        query.subscription, query.onlyReplayed, query.after?.subscription,
        query.after?.position ?? 0, min(max(query.limit, 1), 1_000),
      ])
  }

  static func readLetters(_ rows: Rows) throws(StoreError) -> [DeadLetter] {
    var letters: [DeadLetter] = []
    for row in rows {
      letters.append(
        DeadLetter(
          subscription: try row.text(0), position: row.int(1), signal: try row.text(2),
          keyID: try row.optionalUUID(3), prefix: try row.optionalText(4),
          failedAt: row.timestamp(5), attempts: Int(row.int(6)), reason: try row.text(7),
          isReplayed: row.bool(8)))
    }
    return letters
  }
}
