import CardeaContracts
import CardeaTestSupport
import Foundation
import Testing

@Suite("Nodes of one process")
struct NodeGroupTests {
  @Test("whoever polls while somebody asks for the nodes was heard of just now, not later")
  func silence() async throws {
    let group = NodeGroup()
    let store = NodeStore(group)
    let card = NodeCard(id: UUID(), name: "other", lease: .seconds(2), version: "1.0")
    group.add(card)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for position in 1...100_000 as ClosedRange<Int64> { group.hear(card.id, position) }
      }
      tasks.addTask {
        for _ in 1...100_000 {
          let nodes = try store.nodes()
          #expect(nodes.count == 1)
        }
      }
      try await tasks.waitForAll()
    }
  }
}
