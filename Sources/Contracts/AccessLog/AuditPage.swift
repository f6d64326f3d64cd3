/// One page of both logs.
public struct AuditPage: Sendable {
  /// In the order that was asked for.
  public let items: [AuditItem]
  /// Where the next page goes on; `nil` if this was the last.
  public let next: AuditCursor?
  /// Where to go on even if this was the last page: for those who wait for more.
  public let end: AuditCursor

  package init(items: [AuditItem], next: AuditCursor?, end: AuditCursor) {
    self.items = items
    self.next = next
    self.end = end
  }
}
