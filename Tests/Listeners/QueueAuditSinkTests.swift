import CardeaContracts
import CardeaListeners
import Testing

@Suite struct QueueAuditSinkTests {
  private func event(_ id: String) -> AccessEvent {
    AccessEvent(
      at: Timestamp(milliseconds: 5), reason: nil, keyID: nil, prefix: nil, owner: nil,
      request: RequestFacts(method: "GET", path: "/", requestID: id))
  }

  @Test func givesWhatItHoldsUntilItIsDiscarded() throws {
    let sink = QueueAuditSink(node: "n")
    try sink.record([event("a"), event("b"), event("c")])
    #expect(sink.records(after: 0, details: 2, limit: 9).map(\.sequence) == [1, 2])
    sink.discard(through: 2)
    #expect(sink.records(after: 2, details: 9, limit: 9).map(\.sequence) == [3])
  }

  /// The tier `async`: what finds no room is dropped, and counted.
  @Test func aFullQueueCountsWhatItDrops() throws {
    let sink = QueueAuditSink(node: "n", bound: 2)
    for id in ["a", "b", "dropped", "dropped", "dropped"] { try sink.record([event(id)]) }
    sink.discard(through: 2)
    let left = sink.records(after: 2, details: 9, limit: 9)
    #expect(left.map(\.draft.action) == ["access_entries_lost"])
    #expect(left.first?.draft.count == 3)
  }

  @Test func aFullQueueRefusesIfItIsToldTo() throws {
    let sink = QueueAuditSink(node: "n", tier: .process, bound: 1, overflow: .refuse)
    #expect(sink.canRecord())
    try sink.record([event("a")])
    #expect(!sink.canRecord())
    #expect(throws: QueueAuditSink.Full.self) { try sink.record([event("b")]) }
    #expect(QueueAuditSink(node: "n", bound: 0).canRecord(), "what it drops it denies to nobody")
    sink.discard(through: 1)
    let left = sink.records(after: 1, details: 9, limit: 9)
    #expect(left.map(\.draft.reason) == ["audit_unavailable"])
  }
}
