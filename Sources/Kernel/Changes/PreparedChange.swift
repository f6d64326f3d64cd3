/// A change and the signals that tell of it.
package struct PreparedChange: Sendable {
  let announcements: [Announcement]
  let change: StoreChange

  package init(
    _ announcements: [Announcement], _ primitives: any Primitives,
    _ fill: (inout StoreChange) -> Void
  ) {
    self.announcements = announcements
    var change = StoreChange(drafts: announcements.map(\.draft), primitives: primitives)
    fill(&change)
    self.change = change
  }
}
