/// One record of a source.
public struct SpooledAccess: Sendable, Equatable {
  /// From 1, without gaps.
  public let sequence: Int64
  /// The entry as it goes into the access log.
  public let draft: AccessDraft
  /// Whether it belongs to a flood: of such records the ones with equal reason, key and payload become
  /// one entry with a count.
  public let isFolded: Bool

  public init(sequence: Int64, draft: AccessDraft, isFolded: Bool) {
    self.sequence = sequence
    self.draft = draft
    self.isFolded = isFolded
  }
}
