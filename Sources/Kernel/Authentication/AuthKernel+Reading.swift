extension AuthKernel {
  /// One reading for all requests that present this token at the same time.
  func reading(
    _ token: PresentedToken, remembering known: KnownToken?
  ) async -> ColdReading {
    let shared = await readings.join(token.digest)
    if let shared, shared.says(of: token) { return shared }
    let began = time.monotonic()
    let found = await read(token, remembering: known)
    let reading = ColdReading(began: began, found: found, wasCancelled: Task.isCancelled)
    if shared == nil { readings.end(token.digest, reading) }
    return reading
  }

  /// Reads the key and finds the secret row that the token matches, by memory where possible, else by hash.
  private func read(
    _ token: PresentedToken, remembering known: KnownToken?
  ) async -> ColdReading.Found {
    let readAt = stamps.beforeReading()
    let found: StoredKey?
    do { found = try await lookUpToAdmit(token.prefix) } catch { return .unreachable }
    guard let stored = found else { return .denied(.unknown) }
    if stored.key.status == .purged { return .denied(.purged) }

    // Somebody else may have found it out meanwhile.
    let known =
      known ?? cache.find(token.digest).flatMap { $0.has(prefix: token.prefix) ? $0 : nil }
    let rows = stored.key.secrets
    let rowID = known?.secretID ?? token.session?.secretID
    var match = rows.first { $0.id == rowID }
    if match == nil, token.session == nil {
      for row in rows.reversed() where known?.isWrong(for: row) != true {
        switch await matches(token, row) {
        case .success(true): match = row
        case .success(false): continue
        case .failure(let denial): return .denied(denial.reason)
        }
        break
      }
    }
    let entry = KnownToken(
      stored, digest: token.digest, stamp: stamps.stamp(readAt: readAt, stored), match: match,
      session: token.session, naming: token.naming, wasRight: known?.wasRight ?? false)
    cache.insert(entry)
    if let match, token.session == nil { upgradeIfNeeded(stored, match, token.secret) }
    return .entry(entry)
  }

  /// The same for a verdict: the store is not asked for what would let nobody in.
  package func lookUpToAdmit(_ prefix: String) async throws(StoreError) -> StoredKey? {
    guard admitsReadings else { throw .unavailable("no receipt waits for this node") }
    return try await lookUp(prefix)
  }

  /// The key of this prefix as the store has it; the meter is told how long that took.
  package func lookUp(_ prefix: String) async throws(StoreError) -> StoredKey? {
    guard let meter else { return try await store.find(prefix: prefix) }
    let began = time.monotonic()
    do throws(StoreError) {
      let found = try await store.find(prefix: prefix)
      meter.note(
        MeasuredLookup(
          result: found == nil ? .absent : .found, nanoseconds: time.monotonic() &- began))
      return found
    } catch {
      meter.note(MeasuredLookup(result: .failed, nanoseconds: time.monotonic() &- began))
      throw error
    }
  }

  package func matches(
    _ token: PresentedToken, _ row: StoredSecret
  ) async -> Result<Bool, Denial> {
    guard let hasher = hashers[row.hash.algorithm] else { return .failure(Denial(.failed)) }
    let request = VerifyRequest(secret: token.secret, hash: row.hash)
    let work: @Sendable () -> Result<Bool, Denial> = {
      do { return .success(try hasher.verify(request)) } catch { return .failure(Denial(.failed)) }
    }
    if hasher.cost == .fast { return work() }
    do { return try await pool.run(for: token.prefix, work) } catch {
      return .failure(Denial(.overloaded))
    }
  }

  /// Hashes a secret again in the background if its hash is not what would be made today.
  private func upgradeIfNeeded(_ stored: StoredKey, _ row: StoredSecret, _ secret: Secret) {
    // Not while requests wait for a hash: the next cold reading comes round to it.
    guard pool.waiting == 0, let preferred = hashers[configuration.preferredHasher],
      stored.key.status == .active,
      row.hash.algorithm != preferred.algorithm || preferred.needsRehash(row.hash)
    else { return }
    upgrades.start(row.id) { [self] in
      guard let hash = try? await hashed(secret, prefix: stored.key.prefix) else { return }
      await upgrade(stored, row, to: hash)
    }
  }
}
