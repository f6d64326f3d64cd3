import CardeaContracts
import CardeaFormats
import Dispatch
import Testing

/// The bounded pool as a caller meets it: through a hasher that waits until it is told to go on.
@Suite struct HashPoolTests {
  struct GatedHasher: SecretHasher {
    let id = "hasher.gated"
    let algorithm = "gated"
    let cost = HashCost.slow
    let gate: DispatchSemaphore
    let entered: DispatchSemaphore
    let order: Collected<String>

    func hash(_ request: HashRequest) -> EncodedHash { EncodedHash("gated$") }
    func verify(_ request: VerifyRequest) -> Bool {
      order.append(request.secret.reveal())
      entered.signal()
      gate.wait()
      return true
    }
    func needsRehash(_ hash: EncodedHash) -> Bool { false }
  }

  private func gated(
    queueLimit: Int, deadline: Duration = .seconds(60)
  ) async throws -> (Rig, GatedHasher) {
    let hasher = GatedHasher(
      gate: DispatchSemaphore(value: 0), entered: DispatchSemaphore(value: 0),
      order: Collected<String>())
    let rig = try await Rig {
      $0.preferredHasher = "gated"
      $0.hashPoolWidth = 1
      $0.hashQueueLimit = queueLimit
      $0.hashDeadline = deadline
    } plugins: {
      $0.use(hasher)
    }
    return (rig, hasher)
  }

  /// A caller that has its answer finds its thread free, even where nobody may wait for one.
  @Test func whoeverComesBackAtOnceIsNotRefused() async throws {
    let (rig, _) = try await gated(queueLimit: 0)
    for _ in 0..<2_000 { _ = try await rig.key() }
  }

  @Test func aFullQueueIsOverloadedAtOnce() async throws {
    let (rig, hasher) = try await gated(queueLimit: 0)
    let first = try await rig.key()
    let second = try await rig.key()
    async let running = rig.verdict(first.token)
    await wait(for: hasher.entered)
    let denial = await rig.verdict(second.token).denial
    #expect(denial?.reason == .overloaded)
    #expect(denial?.retryAfter != nil)
    hasher.gate.signal()
    #expect(await running.identity != nil)
    #expect(rig.warmVerdict(first.token)?.identity != nil, "a cache hit is never limited")
  }

  @Test func aFloodOnOneKeyGivesWayToAnother() async throws {
    let (rig, hasher) = try await gated(queueLimit: 3)
    let attacked = try await rig.key()
    let other = try await rig.key()
    async let running = rig.verdict(attacked.token)
    await wait(for: hasher.entered)
    // Three more tokens of the same prefix fill the queue.
    let prefix = attacked.stored.key.prefix
    let flood = try (0..<3).map { _ in
      try KeysmithFormat().build(
        TokenRequest(
          namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
          primitives: rig.kernel.primitives)
      ).token
    }
    let refused = Collected<Denial.Reason>()
    async let flooding: Void = withTaskGroup(of: Void.self) { group in
      for token in flood {
        group.addTask {
          if let reason = await rig.verdict(token).denial?.reason { refused.append(reason) }
        }
      }
    }
    while rig.kernel.figures().hashPool.waiting < 3 { await Task.yield() }
    async let good = rig.verdict(other.token)
    // The newest of the flood is refused at once; everybody else gets their turn.
    while refused.all.isEmpty { await Task.yield() }
    for _ in 0..<4 { hasher.gate.signal() }
    #expect(await good.identity != nil)
    #expect(await running.identity != nil)
    await flooding
    #expect(refused.all == [.overloaded])
  }

  @Test func aJobWhoseDeadlinePassesIsRefusedWithoutItsTurn() async throws {
    let (rig, hasher) = try await gated(queueLimit: 10, deadline: .milliseconds(20))
    let first = try await rig.key()
    let second = try await rig.key()
    async let running = rig.verdict(first.token)
    await wait(for: hasher.entered)
    #expect(await rig.verdict(second.token).denial?.reason == .overloaded)
    hasher.gate.signal()
    #expect(await running.identity != nil)
  }
}
