/// A change signal on its way: its draft for the log, and how to publish it once it has a position.
package struct Announcement: Sendable {
  let draft: LogDraft
  let publish: @Sendable (SignalBus, Int64) -> Void
}
