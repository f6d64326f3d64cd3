import CardeaLifecycle
import CardeaPluginTestKit
import ExpiryReviewPage
import Testing

@Suite struct ExpiryReviewPageTests {
  private static let day: Duration = .seconds(86_400)
  private let page = ExpiryReviewPage(warn: day * 30)

  static let promises = PagePluginPromises { ExpiryReviewPage(warn: day * 30) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  static let configuration = ConfigurationPromises(
    ExpiryReviewPage.self,
    accepted: [SettingValues(["warn": .duration(day * 7), "extend": .duration(day * 90)])],
    refused: [SettingValues(["warn": .duration(day * 7), "extend": .duration(day * 7)])]
  ).all

  @Test(arguments: configuration) func keepsConfigured(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func isOffUnlessItIsAskedFor() throws {
    #expect(try ExpiryReviewPage.make(settings: SettingValues([:])) == nil)
  }

  @Test(arguments: [
    (PageKey.sample(expiresIn: day * 30), "due"), (PageKey.sample(expiresIn: day * 31), "later"),
    (PageKey.sample(), "never"), (PageKey.sample(expiresIn: .seconds(-1)), "over"),
    (PageKey.sample(status: .revoked, expiresIn: day), "over"),
    (PageKey.sample(status: .suspended, expiresIn: day), "due"),
  ]) func findsWhatIsDue(_ key: PageKey, _ review: String) throws {
    let filter = try #require(page.filters.first)
    #expect(filter.choices.filter { filter.takes(key, $0.value) }.map(\.value) == [review])
    let label = try #require(filter.choices.first { $0.value == review }?.label)
    guard case .badge(label, _) = try #require(page.columns.first).value(key) else {
      Issue.record("the column says something else")
      return
    }
  }

  @Test func extendsWhatIsDueAndNothingElse() throws {
    let action = try #require(page.actions.first)
    guard case .update(let edit) = action.change(.sample(expiresIn: Self.day)) else {
      Issue.record("it asks for no change")
      return
    }
    #expect(edit.expiry == .after(Self.day * 90))
    #expect(edit.name == nil && edit.scopes == nil && edit.metadata == nil)
    #expect(action.change(.sample(expiresIn: Self.day * 60)) == nil)
    #expect(action.change(.sample()) == nil)
  }

  @Test func countsOnTheOverview() throws {
    let keys = [PageKey.sample(1, expiresIn: Self.day), .sample(2), .sample(3)]
    guard case .overview(let content) = try #require(page.panels.first).place else {
      Issue.record("the first panel is none of the overview")
      return
    }
    #expect(content(keys).figures.map(\.value) == [1, 0, 2, 0])
  }
}
