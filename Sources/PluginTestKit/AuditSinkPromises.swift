import CardeaContracts

/// What an ``AuditSink`` promises.
public struct AuditSinkPromises<Sink: AuditSink>: Sendable {
  private let make: @Sendable () throws -> Sink
  private let recorded: @Sendable (Sink) throws -> [String]
  private let broken: (@Sendable () throws -> Sink)?

  /// - Parameters:
  ///   - recorded: the request ids of the events that the sink has recorded, in its order, read
  ///     from where it keeps them.
  ///   - broken: makes a sink that can't record: an unwritable file, a full disk.
  ///   - make: makes a sink with nothing recorded, not opened yet.
  public init(
    recorded: @escaping @Sendable (Sink) throws -> [String],
    broken: (@Sendable () throws -> Sink)? = nil,
    _ make: @escaping @Sendable () throws -> Sink
  ) {
    self.make = make
    self.recorded = recorded
    self.broken = broken
  }

  public var all: [Promise] {
    identityPromises(kind: "audit") { try make() } + recording + failing
  }

  private func opened() throws -> Sink {
    let sink = try make()
    try sink.open()
    return sink
  }

  private func events(_ ids: some Sequence<String>) -> [AccessEvent] {
    ids.enumerated().map { number, id in
      .sample(number, reason: number % 2 == 0 ? nil : .wrongSecret, requestID: id)
    }
  }

  private var recording: [Promise] {
    [
      Promise("has recorded a batch, in its order, when it returns") {
        let sink = try opened()
        try sink.record(events(["a", "b", "c"]))
        try require(try recorded(sink), is: ["a", "b", "c"], "it recorded")
        try sink.record(events(["d"]))
        try require(try recorded(sink), is: ["a", "b", "c", "d"], "it recorded")
      },
      Promise("says that it can record, as long as it does") {
        let sink = try opened()
        try require(sink.canRecord(), "it says that it can't, and nothing was recorded yet")
        try sink.record(events(["a"]))
        try require(sink.canRecord(), "it says that it can't, and it just has")
        try require(try recorded(sink), is: ["a"], "it recorded")
      },
      Promise("takes an empty batch") {
        let sink = try opened()
        try sink.record([])
        try require(try recorded(sink), is: [], "it recorded")
      },
      Promise("loses nothing when flushed, however often") {
        let sink = try opened()
        try sink.flush()
        try sink.record(events(["a"]))
        try sink.flush()
        try sink.flush()
        try sink.record(events(["b"]))
        try sink.flush()
        try require(try recorded(sink), is: ["a", "b"], "it recorded")
      },
      Promise("records each event once from many threads at once") {
        let sink = try opened()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for task in 0..<8 {
            group.addTask {
              for batch in 0..<25 {
                try sink.record(events(["\(task)-\(batch)-0", "\(task)-\(batch)-1"]))
              }
            }
          }
          try await group.waitForAll()
        }
        try sink.flush()
        let ids = try recorded(sink)
        try require(ids.count, is: 400, "events that it recorded")
        try require(Set(ids).count, is: 400, "different events that it recorded")
        for task in 0..<8 {
          let own = ids.filter { $0.utf8.starts(with: "\(task)-".utf8) }
          let expected = (0..<25).flatMap { ["\(task)-\($0)-0", "\(task)-\($0)-1"] }
          try require(own == expected, "one thread's events changed their order")
        }
      },
      Promise("keeps events apart, whatever their fields hold") {
        let hostile = HostileText.all
        let sink = try opened()
        try sink.record(
          hostile.map { text in
            AccessEvent(
              at: Samples.start, reason: .unknown, keyID: nil, prefix: text, owner: text,
              request: RequestFacts(
                method: text, path: text, clientAddress: text, userAgent: text, requestID: text))
          })
        let ids = try recorded(sink)
        try require(ids.count, is: hostile.count, "events that it recorded")
        for (id, text) in zip(ids, hostile) {
          try require(
            id.utf8.elementsEqual(text.utf8),
            "\(text.debugDescription) came back as \(id.debugDescription)")
        }
      },
    ]
  }

  private var failing: [Promise] {
    guard let broken else { return [] }
    return [
      Promise("throws if it can't record") {
        var refused = false
        do {
          let sink = try broken()
          try sink.open()
          try sink.record(events(["a"]))
        } catch { refused = true }
        try require(refused, "it says that it recorded what it can't have")
      }
    ]
  }
}
