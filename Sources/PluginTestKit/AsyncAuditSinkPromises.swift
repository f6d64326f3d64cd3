import CardeaContracts

/// What an ``AsyncAuditSink`` promises.
public struct AsyncAuditSinkPromises<Sink: AsyncAuditSink>: Sendable {
  private let make: @Sendable () throws -> Sink
  private let recorded: @Sendable (Sink) async throws -> [String]
  private let broken: (@Sendable () throws -> Sink)?
  private let blocked: (@Sendable () throws -> Sink)?

  /// - Parameters:
  ///   - recorded: the request ids of the events that the sink has recorded, read from where it keeps them.
  ///   - broken: makes a sink that can't record: an unwritable file, a full disk.
  ///   - blocked: makes a sink whose disk or peer does not answer.
  ///   - make: makes a sink with nothing recorded, not opened yet.
  public init(
    recorded: @escaping @Sendable (Sink) async throws -> [String],
    broken: (@Sendable () throws -> Sink)? = nil, blocked: (@Sendable () throws -> Sink)? = nil,
    _ make: @escaping @Sendable () throws -> Sink
  ) {
    self.make = make
    self.recorded = recorded
    self.broken = broken
    self.blocked = blocked
  }

  public var all: [Promise] {
    identityPromises(kind: "audit") { try make() } + recording + failing
  }

  private func event(_ id: String) -> AccessEvent { .sample(2, requestID: id) }

  private func opened() throws -> Sink {
    let sink = try make()
    try sink.open()
    return sink
  }

  private var recording: [Promise] {
    [
      Promise("has recorded an event when it returns") {
        let sink = try opened()
        try await sink.record(event("a"))
        try require(try await recorded(sink), is: ["a"], "it recorded")
        try await sink.record(event("b"))
        try require(try await recorded(sink), is: ["a", "b"], "it recorded")
        await sink.close()
      },
      Promise("says that it can record, as long as it does") {
        let sink = try opened()
        try require(sink.canRecord(), "it says that it can't, and nothing was recorded yet")
        try await sink.record(event("a"))
        try require(sink.canRecord(), "it says that it can't, and it just has")
        try require(try await recorded(sink), is: ["a"], "it recorded")
        await sink.close()
      },
      Promise("records each event once from many tasks at once") {
        let sink = try opened()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<400 { group.addTask { try await sink.record(event("r\(number)")) } }
          try await group.waitForAll()
        }
        let ids = try await recorded(sink)
        try require(ids.count, is: 400, "events that it recorded")
        try require(Set(ids).count, is: 400, "different events that it recorded")
        await sink.close()
      },
      Promise("keeps events apart, whatever their fields hold") {
        let sink = try opened()
        for text in HostileText.all {
          try await sink.record(
            AccessEvent(
              at: Samples.start, reason: nil, keyID: nil, prefix: text, owner: text,
              request: RequestFacts(
                method: text, path: text, clientAddress: text, userAgent: text, requestID: text)))
        }
        let ids = try await recorded(sink)
        try require(ids.count, is: HostileText.all.count, "events that it recorded")
        for (id, text) in zip(ids, HostileText.all) {
          try require(
            id.utf8.elementsEqual(text.utf8),
            "\(text.debugDescription) came back as \(id.debugDescription)")
        }
        await sink.close()
      },
      Promise("tells who does not suspend once per event, when it has recorded it") {
        let sink = try opened()
        try await withinPatience(of: "being told of what was recorded") {
          for number in 0..<20 {
            let (failure, _) = await told(sink, "r\(number)")
            try require(failure == nil, "it says that it could not record")
            try require(
              try await recorded(sink).count, is: number + 1, "events that it has recorded by then")
          }
          let calls = await told(sink, "last").calls
          await sink.close()
          try require(calls.withLock { $0 }, is: 1, "times that it told of one event")
        }
      },
      Promise("throws after it was closed, and tells so who does not suspend") {
        let sink = try opened()
        await sink.close()
        try await requireThrow { try await sink.record(event("a")) }
        try await withinPatience(of: "being told that it is closed") {
          try require(
            await told(sink, "a").failure != nil, "it says that it recorded what it can't have")
        }
      },
    ]
  }

  private var failing: [Promise] {
    var promises: [Promise] = []
    if let broken {
      promises.append(
        Promise("throws if it can't record") {
          try await requireThrow {
            let sink = try broken()
            try sink.open()
            try await sink.record(event("a"))
          }
          try await withinPatience(of: "being told what can't be recorded") {
            let sink = try broken()
            try sink.open()
            try require(
              await told(sink, "a").failure != nil, "it says that it recorded what it can't have")
          }
        })
    }
    if let blocked {
      promises.append(
        Promise("gives up on what does not answer, and holds nobody for ever") {
          let sink = try blocked()
          try sink.open()
          try await withinPatience(of: "recording while nothing answers") {
            for number in 0..<3 {
              try await requireThrow { try await sink.record(event("r\(number)")) }
            }
            _ = sink.canRecord()
          }
        })
    }
    return promises
  }

  /// What the sink says of an event to who does not suspend, and how often it has said so by now.
  private func told(
    _ sink: Sink, _ id: String
  ) async -> (failure: (any Error)?, calls: Locked<Int>) {
    let calls = Locked(0)
    let failure = await withCheckedContinuation { continuation in
      sink.record(event(id)) { failure in
        let isFirst = calls.withLock { calls in
          calls += 1
          return calls == 1
        }
        if isFirst { continuation.resume(returning: failure) }
      }
    }
    return (failure, calls)
  }

  private func requireThrow(_ work: () async throws -> Void) async throws {
    var hasThrown = false
    do { try await work() } catch { hasThrown = true }
    try require(hasThrown, "it says that it recorded what it can't have")
  }
}
