#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// One page of both logs by time: lifecycle changes and authentications. An authentication shows once it was
  /// moved to the store, a second or so after it happened. An action that is no signal's name and that no entry has
  /// is `.invalid`.
  public func audit(_ query: AuditQuery) async throws(LifecycleError) -> AuditPage {
    let store = try logStore()
    if let action = query.action { try await checkAction(action, store) }
    var access = query.filter(query.cursor?.access)
    access.status = query.status
    access.payloadHolds = query.payloadParts
    let attempts = try await inStore { [access] () async throws(StoreError) in
      try await store.accessEntries(access)
    }
    var changes: [Numbered<LogEntry>] = []
    if !query.isAboutRequests {
      var signals = query.filter(query.cursor?.signals)
      if let owner = query.owner { signals.ownerIDs = try await ownerIDs(named: owner) }
      changes = try await inStore { [signals] () async throws(StoreError) in
        try await store.signalEntries(signals)
      }
    }
    return AuthKernel.merge(attempts, changes, query)
  }

  /// The page that ends where another begins, of a listing newest first, and where it begins itself; `nil` on the first
  /// page. Less than a page from the newest entry is the first page, whole.
  /// - Parameter cursor: the one that the other page was asked for with.
  package func audit(
    _ query: AuditQuery, before cursor: AuditCursor
  ) async throws(LifecycleError) -> (page: AuditPage, start: AuditCursor?) {
    var (first, back) = (query, query)
    first.cursor = nil
    back.cursor = cursor.backwards
    back.newestFirst = false
    let found = try await audit(back)
    guard let end = found.next else { return (try await audit(first), nil) }
    let page = AuditPage(items: found.items.reversed(), next: cursor, end: cursor)
    return (page, end.forwards)
  }

  /// A misspelt action would look like a log without such entries. Rows of other systems have names of their own.
  private func checkAction(
    _ action: String, _ store: any AccessLogStore
  ) async throws(LifecycleError) {
    let known = AccessDraft.actions + SignalCatalogue.changes.map { $0.name }
    if known.contains(where: { $0.utf8.elementsEqual(action.utf8) }) { return }
    var filter = LogFilter(limit: 1)
    filter.actions = [action]
    let found = try await inStore { [filter] () async throws(StoreError) in
      try await store.accessEntries(filter)
    }
    if !found.isEmpty { return }
    let nearest = NearestName.find(action, among: known)
    throw .invalid(
      field: "action",
      reason: "no entry has this name"
        + (nearest.map { "; did you mean \($0)?" } ?? ", nor has any signal"))
  }

  /// Where both logs end now, for those who wait for more.
  public func auditEnd() async throws(LifecycleError) -> AuditCursor {
    let store = try logStore()
    return try await inStore { () async throws(StoreError) in
      let signals = try await store.logHead().position
      let last = try await store.accessEntries(LogFilter(limit: 1)).first
      return AuditCursor(signals: signals, access: last?.number ?? 0)
    }
  }

  /// The owners of that name, one per kind at most.
  package func ownerIDs(named name: String) async throws(LifecycleError) -> [UUID] {
    var ids: [UUID] = []
    for kind in OwnerRecord.Kind.allCases {
      if let owner = try await findOwner(OwnerReference(kind: kind, name: name)) {
        ids.append(owner.id)
      }
    }
    return ids
  }

  private static func merge(
    _ attempts: [Numbered<AccessEntry>], _ changes: [Numbered<LogEntry>], _ query: AuditQuery
  ) -> AuditPage {
    var items: [AuditItem] = []
    var (attempt, change) = (0, 0)
    while items.count < query.limit {
      let left = attempt < attempts.count ? attempts[attempt].entry : nil
      let right = change < changes.count ? changes[change].entry : nil
      guard left != nil || right != nil else { break }
      let takesLeft: Bool
      if let left, let right {
        takesLeft = query.newestFirst ? left.at >= right.at : left.at < right.at
      } else {
        takesLeft = left != nil
      }
      if takesLeft, let left {
        items.append(.access(left))
        attempt += 1
      } else if let right {
        items.append(.signal(right))
        change += 1
      }
    }
    let end = AuditCursor(
      signals: change > 0 ? changes[change - 1].number : query.cursor?.signals,
      access: attempt > 0 ? attempts[attempt - 1].number : query.cursor?.access)
    let hasMore = attempt < attempts.count || change < changes.count
    return AuditPage(items: items, next: hasMore ? end : nil, end: end)
  }
}
