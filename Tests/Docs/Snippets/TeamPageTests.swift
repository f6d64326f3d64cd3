import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct TeamPageTests {
  static let promises = PagePluginPromises { TeamPage() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func showsTheTeam() throws {
    let column = try #require(TeamPage().columns.first)
    #expect(column.value(.sample(metadata: ["team": .string("billing")])) == .text("billing"))
    #expect(column.value(.sample()) == PageValue.none)
  }
}
