import CardeaKernel

/// What a ``SignalListener`` promises.
///
/// ```swift
/// ListenerPromises(samples: [KeyCreated(at: now, actor: "cli", key: .sample())]) {
///   MyListener()
/// }.all
/// ```
public struct ListenerPromises<Listener: SignalListener>: Sendable {
  private let make: @Sendable () throws -> Listener
  private let samples: [Listener.Received]
  private let received: (@Sendable (Listener) throws -> Int)?

  /// - Parameters:
  ///   - samples: signals that it must take without an error; at least one.
  ///   - received: how many signals it has dealt with so far, if that can be seen from outside:
  ///     lines in its file, rows in its table.
  ///   - make: makes a listener that has received nothing yet.
  public init(
    samples: [Listener.Received], received: (@Sendable (Listener) throws -> Int)? = nil,
    _ make: @escaping @Sendable () throws -> Listener
  ) {
    self.make = make
    self.samples = samples
    self.received = received
  }

  public var all: [Promise] {
    identityPromises(kind: "listener") { try make() } + [
      Promise("takes every sample without an error") {
        try require(!samples.isEmpty, "there is no sample")
        let listener = try make()
        try await withinPatience("receive") {
          for sample in samples { try listener.receive(sample) }
        }
        try requireReceived(samples.count, by: listener)
      },
      Promise("receives on a bus what is published, each once") {
        let listener = try make()
        let bus = SignalBus()
        let failures = Tally<String>()
        bus.subscribe(ListenerFailed.self, id: "kit", .queue(bound: 10_000, overflow: .dropNewest))
        {
          failures.add($0.failure.rawValue)
        }
        let subscription = bus.subscribe(
          Listener.Received.self, id: listener.id, listener.delivery
        ) { try listener.receive($0) }
        for _ in 0..<20 {
          for sample in samples {
            bus.publish(sample)
            try await withinPatience(of: "receive") { await bus.drain() }
          }
        }
        subscription.cancel()
        for sample in samples { bus.publish(sample) }
        try await withinPatience(of: "receive") { await bus.drain() }
        try require(failures.all.isEmpty, "it failed \(failures.all.count) times")
        try requireReceived(20 * samples.count, by: listener)
      },
      Promise("leaves its neighbours on the bus alone, even when it fails") {
        let listener = try make()
        let bus = SignalBus()
        let before = Tally<Int>()
        let after = Tally<Int>()
        let failures = Tally<String>()
        func count(_ tally: Tally<Int>, id: String) {
          bus.subscribe(
            Listener.Received.self, id: id, .queue(bound: 10_000, overflow: .dropNewest)
          ) {
            // Those who receive every signal receive the reports of the planted failure too.
            let report = ($0 as? AnySignal)?.base as? ListenerFailed
            if report?.listener != listener.id { tally.add(tally.all.count) }
          }
        }
        bus.subscribe(ListenerFailed.self, id: "kit", .queue(bound: 10_000, overflow: .dropNewest))
        {
          if $0.listener == listener.id, $0.failure == .threw { failures.add($0.listener) }
        }
        count(before, id: "listener.before")
        bus.subscribe(Listener.Received.self, id: listener.id, listener.delivery) {
          try listener.receive($0)
          throw Broken("planted")
        }
        count(after, id: "listener.after")
        for _ in 0..<20 {
          for sample in samples {
            bus.publish(sample)
            try await withinPatience(of: "receive") { await bus.drain() }
          }
        }
        try require(before.all.count, is: 20 * samples.count, "signals of the neighbour before it")
        try require(after.all.count, is: 20 * samples.count, "signals of the neighbour after it")
        // What fails at receiving reports of failures is not reported: that would never end.
        let reported = Listener.Received.self == ListenerFailed.self ? 0 : 20 * samples.count
        try require(failures.all.count, is: reported, "failures that were reported")
      },
      Promise("works from whatever thread its calls come") {
        let listener = try make()
        // A queue of its own for each, as a bus has; a listener may block its lane's thread.
        for sample in samples {
          try await withinPatience("receive") { try listener.receive(sample) }
        }
        try requireReceived(samples.count, by: listener)
      },
    ]
  }

  private func requireReceived(_ count: Int, by listener: Listener) throws {
    guard let received else { return }
    try require(try received(listener), is: count, "signals that it dealt with")
  }
}
