/// A change and the signals that tell of it.
struct PreparedChange: Sendable {
  let announcements: [Announcement]
  let change: StoreChange

  init(
    _ announcements: [Announcement], _ primitives: any Primitives,
    _ fill: (inout StoreChange) -> Void
  ) {
    self.announcements = announcements
    var change = StoreChange(drafts: announcements.map(\.draft), primitives: primitives)
    fill(&change)
    self.change = change
  }
}
