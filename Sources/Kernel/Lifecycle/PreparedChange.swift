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

/// A change signal on its way: its draft for the log, and how to publish it once it has a position.
struct Announcement: Sendable {
  let draft: LogDraft
  let publish: @Sendable (SignalBus, Int64) -> Void
}
