import Testing

@testable import CardeaServer

@Suite("ids of requests")
struct RequestIDTests {
  @Test func areDistinct() {
    let ids = (0..<10_000).map { _ in RequestID.made() }
    #expect(Set(ids).count == ids.count)
    #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil })
  }
}
