import CardeaContracts
import CardeaMemoryStore
import Testing

@testable import CardeaLimits

@Suite("leases of limits")
struct QuotaLeasesTests {
  /// Random requests on several nodes whose draws are slow, fail, or lose their answers; nodes that die.
  @Test(arguments: [1, 2, 3, 7], 0..<12 as Range<UInt64>)
  func neverMoreThanTheBound(nodes: Int, seed: UInt64) {
    var world = World(nodes: nodes, seed: seed)
    let terms = world.random.terms()
    world.run(terms, steps: 6_000, dies: 0)
    let size = LeaseSize(terms, cost: world.mostCost)
    let beyond = Int64(world.nodesEver - 1) * (size.batch + size.credit)
    #expect(world.worst(terms) <= terms.capacity + beyond * terms.interval)
    #expect(world.allowed.count > 100, "it lets requests through")
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func aNodeThatDiesCountsAsAnother(seed: UInt64) {
    var world = World(nodes: 3, seed: seed)
    let terms = world.random.terms()
    world.run(terms, steps: 4_000, dies: 800)
    #expect(world.nodesEver > 3)
    let size = LeaseSize(terms, cost: world.mostCost)
    let beyond = Int64(world.nodesEver - 1) * (size.batch + size.credit)
    #expect(world.worst(terms) <= terms.capacity + beyond * terms.interval)
  }

  /// In each period no more than the count and what other nodes let through before they heard of it.
  @Test(arguments: [1, 3], 0..<8 as Range<UInt64>)
  func neverMoreThanTheBoundInAPeriod(nodes: Int, seed: UInt64) {
    var world = World(nodes: nodes, seed: seed)
    let count = Int64(world.random.below(300) + 1)
    world.mostCost = 1
    for day in 0..<3 as Range<Int64> {
      let terms = world.period(day, count)
      world.run(terms, steps: 2_500, dies: 0)
      let beyond = Int64(nodes - 1) * LeaseSize(terms).credit
      #expect(world.sum <= count + beyond, "day \(day)")
      #expect(world.sum >= min(count, 20) / 2, "day \(day)")
      world.settle()
      world.clock.set(terms.period?.upperBound)
      world.allowed = []
    }
  }

  /// Demand far beyond the limit is let through at the limit, however it is spread over the nodes.
  @Test(arguments: [1, 3]) func theLimitIsMetUnderLoad(nodes: Int) {
    var world = World(nodes: nodes, seed: 1)
    world.mostCost = 1
    let terms = QuotaTerms(interval: 10_000_000, capacity: 500_000_000)
    world.run(terms, steps: 60_000, dies: 0, fails: false, pause: 1_000_000)
    let due = (world.clock.nanoseconds - world.began) / terms.interval
    #expect(world.sum * 100 >= due * 95, "\(world.sum) of \(due)")
  }

  /// What each node held, owed or knew of the limit as it was has no part in the limit as it is.
  @Test(arguments: LimitEdit.all) func anEditLocksNobodyOut(edit: LimitEdit) throws {
    let world = World(nodes: 2, seed: 5)
    #expect(try world.exhaust(edit.before) >= edit.before.units)
    for node in world.nodes { #expect(try !node.take(1, edit.before)) }
    let size = LeaseSize(edit.after)
    let allowed = try world.exhaust(edit.after)
    #expect(allowed >= edit.after.units)
    #expect(allowed <= edit.after.units + size.batch + size.credit)
  }

  @Test(arguments: [2, 3], 0..<6 as Range<UInt64>)
  func neverMoreThanTheBoundAfterAnEdit(nodes: Int, seed: UInt64) {
    var world = World(nodes: nodes, seed: seed)
    world.run(world.random.terms(), steps: 2_000, dies: 0)
    world.allowed = []
    let terms = world.random.terms()
    world.run(terms, steps: 4_000, dies: 0)
    let size = LeaseSize(terms, cost: world.mostCost)
    let beyond = Int64(nodes - 1) * (size.batch + size.credit)
    #expect(world.worst(terms) <= terms.capacity + beyond * terms.interval)
    #expect(world.allowed.count > 100, "it lets requests through")
  }

  /// How much of a period was used means the same whatever the count is.
  @Test func anEditOfAQuotasCountKeepsWhatWasUsed() throws {
    let world = World(nodes: 2, seed: 5)
    #expect(try world.exhaust(world.period(0, 300)) >= 300)
    #expect(try world.exhaust(world.period(0, 200)) == 0)
    #expect(try (95...100).contains(world.exhaust(world.period(0, 400))))
  }

  /// Threads read the clock before they have the bucket's lock, so a draw may begin a moment before the request that
  /// came first.
  @Test func aDrawOfAMomentBeforeTheLastRequestGivesNothingBack() throws {
    let (terms, start) = (
      QuotaTerms(interval: 1_000_000, capacity: 1_000_000_000), UInt64(10_000_000_000)
    )
    let size = LeaseSize(terms)
    var lease = QuotaLease(terms, at: start)
    _ = lease.take(1, terms, size, at: start)
    let begun = lease.begin("bucket", size, at: start, isLast: false)
    let first = try #require(begun)
    lease.end(QuotaGrant(units: first.wanted, used: terms.interval), at: start)
    _ = lease.take(1, terms, size, at: start + 1_000)
    let drawn = lease.begin("bucket", size, at: start + 999, isLast: false)
    let draw = try #require(drawn)
    #expect(draw.returned == 0 && draw.wanted > 0)
  }

  @Test func aNodeThatDiesLosesAtMostItsLease() throws {
    var world = World(nodes: 2, seed: 3)
    let terms = world.period(0, 1_000)
    let size = LeaseSize(terms)
    var last = 0
    for _ in 0..<50 where try world.nodes[0].take(1, terms) { last += 1 }
    world.settle()
    for _ in 0..<5 where try world.nodes[0].take(1, terms) { last += 1 }
    world.restart(0)
    var rest = 0
    for _ in 0..<3_000 {
      if try world.nodes[1].take(1, terms) { rest += 1 }
      world.settle()
    }
    #expect(last == 55)
    #expect(Int64(last + rest) >= 1_000 - size.batch)
    #expect(Int64(last + rest) <= 1_000 + size.credit)
  }

  @Test func whatIsLeftIsGivenBack() throws {
    let world = World(nodes: 2, seed: 3)
    let terms = world.period(0, 1_000)
    for node in 0..<2 {
      for _ in 0..<8 { #expect(try world.nodes[node].take(1, terms)) }
      world.settle()
      #expect(try world.nodes[node].take(1, terms))
    }
    #expect(world.used(terms) > 18, "both hold more than they let through")
    world.clock.advance(3_000_000_000)
    for node in world.nodes { node.leases.sweep() }
    world.settle()
    #expect(world.used(terms) == 18)
    #expect(world.nodes.allSatisfy { $0.limit.count == 1 }, "the period goes on")
  }

  @Test func whatMayHaveBeenGivenBackIsNotHandedOut() throws {
    let world = World(nodes: 1, seed: 3)
    let terms = world.period(0, 300)
    let node = world.nodes[0]
    for _ in 0..<8 { #expect(try node.take(1, terms)) }
    world.settle()
    world.clock.advance(3_000_000_000)
    node.leases.sweep()
    let round = try #require(node.leases.begin())
    #expect(try #require(round.draws.first).returned == 3)
    _ = world.store.draw(round.draws)
    node.leases.end(round, nil)
    var allowed = 8
    for _ in 0..<500 {
      if try node.take(1, terms) { allowed += 1 }
      world.settle()
    }
    #expect(allowed == 300)
  }

  /// Also while the store does not answer: what is owed to one period takes no room in the next.
  @Test func aPeriodThatIsOverIsForgotten() throws {
    let world = World(nodes: 1, seed: 3)
    let (node, terms) = (world.nodes[0], world.period(0, 10))
    #expect(try node.take(1, terms))
    world.clock.set(terms.period?.upperBound)
    node.leases.end(try #require(node.leases.begin()), nil)
    node.leases.sweep()
    #expect(node.limit.count == 0)
    #expect(node.leases.begin()?.draws == nil)
  }

  @Test func stoppingGivesEverythingBack() async throws {
    let world = World(nodes: 1, seed: 3)
    let terms = world.period(0, 1_000)
    for _ in 0..<8 { #expect(try world.nodes[0].take(1, terms)) }
    world.settle()
    for _ in 0..<3 { #expect(try world.nodes[0].take(1, terms)) }
    await world.nodes[0].leases.stop()
    #expect(world.used(terms) == 11)
  }

  /// One node alone decides as if nothing was leased, as far as its draws are quick.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func aloneItCountsExactly(seed: UInt64) throws {
    var world = World(nodes: 1, seed: seed)
    world.mostCost = 1
    let terms = QuotaTerms(interval: 20_000_000, capacity: 200_000_000)
    var full: Int64 = 0
    for _ in 0..<5_000 {
      world.clock.advance(Int64(world.random.below(4)) * 5_000_000)
      let now = world.clock.nanoseconds
      var used = max(full, now) - now
      let isThere = terms.take(1, from: &used)
      let isTaken = try world.nodes[0].take(1, terms)
      #expect(isTaken == isThere)
      if isThere { full = now + used }
      world.settle()
    }
  }

  @Test func aClientThatWaitsAsLongAsItIsToldIsLetThrough() throws {
    let world = World(nodes: 2, seed: 5)
    let terms = QuotaTerms(interval: 1_000_000_000, capacity: 1_050_000_000)
    for round in 0..<20 {
      let node = world.nodes[round % 2]
      while !(try node.take(1, terms)) {
        let wait = try node.wait(1, terms)
        #expect(wait > 0 && wait <= 1_000_000_000)
        world.clock.advance(wait)
        world.settle()
      }
      world.settle()
    }
    #expect(world.clock.nanoseconds - world.began <= 20_000_000_000)
  }

  /// Whoever can't be told whether the limit was reached is refused, as by a failure.
  @Test func withoutAStoreTheCreditIsLetThroughAndNoMore() throws {
    let world = World(nodes: 1, seed: 5)
    let terms = QuotaTerms(interval: 1_000_000_000, capacity: 100_000_000_000)
    let node = world.nodes[0]
    let credit = LeaseSize(terms).credit
    var allowed: Int64 = 0
    #expect(throws: QuotaLeases.Silence.self) {
      for _ in 0..<100 {
        if try node.take(1, terms) { allowed += 1 }
        if let round = node.leases.begin() { node.leases.end(round, nil) }
      }
    }
    #expect(allowed == credit)
    // It comes back, and hears of all of it.
    world.settle()
    #expect(world.used(terms) >= credit * terms.interval)
    #expect(try node.take(1, terms))
  }

  @Test func aStoreThatHangsIsSilentAfterASecond() throws {
    let world = World(nodes: 1, seed: 5)
    let node = world.nodes[0]
    #expect(!node.leases.isSilent(at: world.clock.monotonic()))
    node.leases.noteBegin()
    world.clock.advance(900_000_000)
    #expect(!node.leases.isSilent(at: world.clock.monotonic()))
    world.clock.advance(200_000_000)
    #expect(node.leases.isSilent(at: world.clock.monotonic()))
  }

  @Test func memoryIsBounded() throws {
    let world = World(nodes: 1, seed: 5)
    let terms = QuotaTerms(interval: 1_000_000_000, capacity: 10_000_000_000)
    let limit = world.nodes[0].leases.limit("small", entries: 640)
    func take(_ number: UInt64) throws -> Bool {
      try limit.take(
        1, of: BudgetTable.Subject(low: number, high: 1), terms, LeaseSize(terms),
        isRehearsal: false
      ).isTaken
    }
    let first = try (0..<10_000 as Range<UInt64>).count { try take($0) }
    #expect(limit.count <= limit.capacity)
    #expect(first <= limit.capacity, "nobody is forgotten who owes something")
    while let round = world.nodes[0].leases.begin() {
      #expect(round.draws.count <= 1_000)
      #expect(Set(round.draws.map(\.bucket)).count == round.draws.count)
      world.nodes[0].leases.end(round, world.store.draw(round.draws))
    }
    #expect(try (20_000..<20_100 as Range<UInt64>).count { try take($0) } == 100)
    #expect(limit.count <= limit.capacity)
  }

  /// A node whose clock is wrong follows the store's.
  @Test func thePeriodIsTheStores() throws {
    let world = World(nodes: 1, seed: 5)
    world.nodes[0].clock.offset = -5 * 86_400_000
    let terms = world.period(0, 10)
    let local = world.nodes[0].leases.time
    #expect(local < world.clock.now())
    #expect(try world.nodes[0].take(1, terms))
    world.settle()
    #expect(world.nodes[0].leases.time == world.clock.now())
  }
}

// MARK: The world

/// Nodes that share one store, and time that only the test moves.
private struct World {
  let clock = SimulatedClock()
  let store: MemoryStore
  var nodes: [Node] = []
  var random: Generator
  var nodesEver: Int
  var mostCost: Int64 = 1
  let began: Int64
  /// When requests were let through, and what they cost.
  var allowed: [(at: Int64, cost: Int64)] = []

  init(nodes count: Int, seed: UInt64) {
    store = MemoryStore(clock: clock)
    random = Generator(state: seed &* 7_919 &+ UInt64(count))
    nodesEver = count
    began = clock.nanoseconds
    nodes = (0..<count).map { _ in Node(store, clock) }
    mostCost = Int64(random.below(4) + 1)
  }

  var sum: Int64 { allowed.reduce(0) { $0 + $1.cost } }

  mutating func restart(_ index: Int) {
    nodes[index] = Node(store, clock)
    nodesEver += 1
  }

  /// A day, and how much in it.
  func period(_ day: Int64, _ count: Int64) -> QuotaTerms {
    let length: Int64 = 86_400_000
    let start = began / 1_000_000 / length * length + day * length
    return QuotaTerms(
      interval: 1, capacity: count,
      period: Timestamp(milliseconds: start)..<Timestamp(milliseconds: start + length))
  }

  /// Every draw that waits is made at once.
  func settle() {
    for node in nodes {
      node.finish()
      while let round = node.leases.begin() { node.leases.end(round, store.draw(round.draws)) }
    }
  }

  /// Takes one unit after the other on all nodes until none lets any through; how many did.
  func exhaust(_ terms: QuotaTerms) throws -> Int64 {
    var allowed: Int64 = 0
    var passed = true
    while passed {
      passed = false
      for node in nodes {
        if try node.take(1, terms) { (passed, allowed) = (true, allowed + 1) }
        settle()
      }
    }
    return allowed
  }

  /// What is used of the bucket, in nanoseconds.
  func used(_ terms: QuotaTerms) -> Int64 {
    let name = nodes[0].limit.name(of: terms.bucket(of: Node.subject))
    return store.draw([QuotaDraw(bucket: name, terms: terms)]).grants[0].used
  }

  /// Requests, draws, answers and failures in random order.
  mutating func run(
    _ terms: QuotaTerms, steps: Int, dies: Int, fails: Bool = true, pause: Int64? = nil
  ) {
    for _ in 0..<steps {
      let step = pause ?? Int64(random.below(UInt64(terms.period == nil ? terms.interval : 9_000)))
      clock.advance(step)
      if random.below(50) == 0, pause == nil { clock.advance(step * 40) }
      // The lower ones get more.
      let index = Int(min(random.below(UInt64(nodes.count)), random.below(UInt64(nodes.count))))
      let node = nodes[index]
      switch random.below(10) {
      case 0..<6:
        let cost = Int64(random.below(UInt64(mostCost)) + 1)
        if (try? node.take(cost, terms, most: mostCost)) == true {
          allowed.append((clock.nanoseconds, min(cost, terms.units)))
        }
      case 6: node.leases.sweep()
      case 7 where dies > 0 && random.below(UInt64(dies)) < 10: restart(index)
      default: node.proceed(store, fails: fails ? random.below(12) : 12)
      }
    }
  }

  /// The most that any span of time let through beyond its length, in nanoseconds.
  func worst(_ terms: QuotaTerms) -> Int64 {
    var (worst, least, sum): (Int64, Int64, Int64) = (0, .max, 0)
    for (at, cost) in allowed {
      least = min(least, sum * terms.interval - (at - began))
      sum += cost
      worst = max(worst, sum * terms.interval - (at - began) - least)
    }
    return worst
  }
}

/// One node, with a draw that takes several steps.
private final class Node {
  static let subject = BudgetTable.Subject(low: 1, high: 2)
  let clock: NodeClock
  let leases: QuotaLeases
  let limit: LeasedLimit
  private var round: QuotaLeases.Round?
  private var answer: QuotaAnswer?

  init(_ store: MemoryStore, _ clock: SimulatedClock) {
    self.clock = NodeClock(clock)
    leases = QuotaLeases(store: store, clock: self.clock, isAutomatic: false)
    limit = leases.limit("limit", entries: 1_000)
  }

  func take(_ cost: Int64, _ terms: QuotaTerms, most: Int64 = 1) throws -> Bool {
    let bucket = terms.bucket(of: Node.subject)
    return try limit.take(
      cost, of: bucket, terms, LeaseSize(terms, cost: most), isRehearsal: false
    ).isTaken
  }

  func wait(_ cost: Int64, _ terms: QuotaTerms) throws -> Int64 {
    let bucket = terms.bucket(of: Node.subject)
    return try limit.take(cost, of: bucket, terms, LeaseSize(terms), isRehearsal: true).wait
  }

  /// The next step of a draw. `fails`: 0 loses the draw, 1 the answer.
  func proceed(_ store: MemoryStore, fails: UInt64) {
    if let answer, let round {
      leases.end(round, fails == 1 ? nil : answer)
      (self.round, self.answer) = (nil, nil)
    } else if let round {
      if fails == 0 {
        leases.end(round, nil)
        self.round = nil
      } else {
        answer = store.draw(round.draws)
      }
    } else {
      round = leases.begin()
    }
  }

  /// A draw that is under way is lost.
  func finish() {
    if let round { leases.end(round, answer) }
    (round, answer) = (nil, nil)
  }
}

private final class SimulatedClock: KernelClock {
  private let time = Locked<Int64>(1_795_219_200_000_000_000)

  var nanoseconds: Int64 { time.withLock { $0 } }
  func now() -> Timestamp { Timestamp(milliseconds: nanoseconds / 1_000_000) }
  func monotonic() -> UInt64 { UInt64(nanoseconds - 1_795_219_000_000_000_000) }
  func advance(_ step: Int64) { time.withLock { $0 += step } }
  func set(_ to: Timestamp?) { if let to { time.withLock { $0 = to.nanoseconds } } }
}

/// A node's clock, whose wall time may be wrong.
private final class NodeClock: KernelClock {
  private let base: SimulatedClock
  private let shift = Locked<Int64>(0)

  init(_ base: SimulatedClock) { self.base = base }

  /// Milliseconds.
  var offset: Int64 {
    get { shift.withLock { $0 } }
    set { shift.withLock { $0 = newValue } }
  }

  func now() -> Timestamp { Timestamp(milliseconds: base.now().milliseconds + offset) }
  func monotonic() -> UInt64 { base.monotonic() }
}

/// Knuth's MMIX generator.
private struct Generator {
  var state: UInt64

  mutating func below(_ bound: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % max(1, bound)
  }

  /// A bucket of 1 to 200 units, one of which takes 1 to 100 ms to come back.
  mutating func terms() -> QuotaTerms {
    let interval = Int64(below(100) + 1) * 1_000_000
    return QuotaTerms(interval: interval, capacity: interval * Int64(below(200) + 1))
  }
}
