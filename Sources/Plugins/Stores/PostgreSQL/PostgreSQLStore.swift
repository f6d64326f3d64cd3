import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keys, owners and both logs in a PostgreSQL database, which many nodes share.
///
/// - Every acknowledged change has been committed with `synchronous_commit`, together with its signal-log entries.
///   What that means for a standby is the server's to say (`synchronous_standby_names`); ``cautions`` tell.
/// - A lookup is one statement and one round trip, on few connections that many lookups share. Nothing waits for a
///   server that is away: the call fails at once, and the connection is made again in the background, to whichever of
///   the URL's hosts takes changes.
/// - An answer that is overdue ends its connection (``PostgreSQLURL``: `lookup_deadline`, `change_deadline`).
/// - All tables are in the schema `cardea`, which the first node makes and newer programs migrate; a program that knows
///   the tables only as they were is refused.
///
/// It works behind a pooler in transaction mode (`pooler=transaction` in the URL): then nothing is prepared and no
/// notification heard.
///
/// Threading: from any task, many at once. No thread waits for an answer, but that of ``poll(after:limit:)``.
public final class PostgreSQLStore: ManyNodeStore, PluginRecordStore, BulkKeyStore {
  public let id = "store.postgresql"
  private let url: PostgreSQLURL
  private let lookups: [Link]
  private let changes: Link
  private let bulk: Link
  private let limits: Link
  private let lists: Link
  /// Where the logs are listed: ``lists``, or a standby.
  private let history: Link
  /// All but the watch's.
  private let others: [Link]
  private let watch: Watch
  private let writer: Writer
  let logs: AccessLogWriter
  let quotas: Transactions
  private let next = Locked(0)
  /// Whether a prefix's partition is as ``PartitionHash`` has it.
  private let knowsPartitions = Locked(false)

  /// How long a listing may take.
  private static let listDeadline = Duration.seconds(30)

  /// - Parameter url: as ``PostgreSQLURL`` describes it. Nothing is connected yet.
  public convenience init(url text: String) throws(ConfigurationFault) {
    try self.init(url: text, clock: SystemClock())
  }

  /// - Parameter clock: this machine's.
  init(url text: String, clock: any KernelClock) throws(ConfigurationFault) {
    let url: PostgreSQLURL
    do throws(PostgreSQLURL.Fault) { url = try PostgreSQLURL(text) } catch {
      throw ConfigurationFault(
        setting: "store.url", problem: error.problem, remedy: error.remedy)
    }
    self.url = url
    let lineage = Lineage()
    lookups = (0..<url.lookups).map { _ in
      Link(.lookups, url, lineage, within: url.lookupDeadline)
    }
    changes = Link(.changes, url, lineage, within: url.changeDeadline)
    bulk = Link(.bulk, url, lineage, within: url.changeDeadline)
    lists = Link(.lists, url, lineage, within: PostgreSQLStore.listDeadline)
    history =
      url.listsFromStandby
      ? Link(.history, url, lineage, within: PostgreSQLStore.listDeadline) : lists
    limits = Link(.limits, url, lineage, within: url.changeDeadline)
    let others = lookups + [changes, bulk, limits, lists] + (url.listsFromStandby ? [history] : [])
    watch = Watch(url, lineage, clock, within: .seconds(1)) { done in
      let left = Locked(others.count)
      for link in others {
        link.renew {
          let isLast = left.withLock { left -> Bool in
            left -= 1
            return left == 0
          }
          if isLast { done() }
        }
      }
    }
    self.others = others
    // The watch is made again first, and then all others.
    lineage.onRise { [link = watch.link] in link.leave("a standby has taken over") }
    writer = Writer(changes, within: url.changeDeadline, partitions: LogPartitions(changes))
    logs = AccessLogWriter(bulk, within: url.changeDeadline)
    quotas = Transactions(limits, within: url.changeDeadline)
  }

  private var links: [Link] { others + [watch.link] }

  public func open() async throws(StoreError) {
    do throws(StoreError) {
      try await changes.open()
      try await Schema.migrate(changes)
      try await openAll(links.filter { $0 !== changes })
      try await watch.begin()
      let isKnown = try await read(PartitionHash.check, on: changes).first?.bool(0) == true
      knowsPartitions.withLock { $0 = isKnown }
    } catch {
      for link in links { link.close() }
      throw error
    }
  }

  /// All at the same time: each waits for the server some times.
  private func openAll(_ links: [Link]) async throws(StoreError) {
    let failure = await withTaskGroup(of: StoreError?.self) { group in
      for link in links {
        group.addTask {
          do throws(StoreError) { try await link.open() } catch { return error }
          return nil
        }
      }
      return await group.reduce(nil) { $0 ?? $1 }
    }
    if let failure { throw failure }
  }

  public func close() async {
    await writer.close()
    await watch.leave()
    for link in links { link.close() }
  }

  // MARK: Keys

  public func find(prefix: String) async throws(StoreError) -> StoredKey? {
    let sql =
      knowsPartitions.withLock { $0 }
      ? KeyRow.byPrefixInPartition[
        PartitionHash.partition(of: prefix, among: Schema.partitions)] : KeyRow.byPrefix
    return try KeyRow.readAll(try await look(Statement(sql, [prefix]))).first
  }

  public func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try KeyRow.readAll(try await look(Statement(KeyRow.byID, [id]))).first
  }

  public func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    Page(
      try KeyRow.readAll(try await read(Listing.keys(query), on: lists)),
      limit: Listing.limit(of: query), id: \.key.id)
  }

  // MARK: Owners

  public func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    let rows = try await look(
      Statement("SELECT \(OwnerRow.columns) FROM cardea.owners o WHERE o.id = $1", [id]))
    guard let row = rows.first else { return nil }
    return try OwnerRow.read(row)
  }

  public func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    let rows = try await look(
      Statement(
        "SELECT \(OwnerRow.columns) FROM cardea.owners o WHERE o.kind = $1 AND o.name = $2",
        [kind.rawValue, name]))
    guard let row = rows.first else { return nil }
    return try OwnerRow.read(row)
  }

  public func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    var owners: [OwnerRecord] = []
    for row in try await read(Listing.owners(query), on: lists) {
      if let owner = try OwnerRow.read(row) { owners.append(owner) }
    }
    return Page(owners, limit: min(max(query.limit, 1), 1_000), id: \.id)
  }

  // MARK: Changes

  /// Changes that arrive while another is being committed are written together with the next. Cancelling the caller does
  /// not cancel the change. An error other than a refusal (`.unavailable`, `.corrupt`) says nothing about the outcome:
  /// read the record to learn it.
  public func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await writer.commit(change, erased: try await erase(ahead: change))
  }

  /// In transactions of at most 256 changes, each in a savepoint of its own. Each purge has one to itself.
  public func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    var outcomes: [Result<Int64, StoreError>] = []
    for change in changes {
      do throws(StoreError) { outcomes.append(.success(try await erase(ahead: change))) } catch {
        outcomes.append(.failure(error))
      }
    }
    let ready = outcomes.indices.filter { if case .success = outcomes[$0] { true } else { false } }
    let written = await writer.commit(
      ready.map { (changes[$0], (try? outcomes[$0].get()) ?? 0) })
    for (index, outcome) in zip(ready, written) { outcomes[index] = outcome }
    return outcomes
  }

  /// Most of what a purge erases, which may be millions of entries, goes before it.
  private func erase(ahead change: StoreChange) async throws(StoreError) -> Int64 {
    guard let keyID = change.erasesLogOf, !change.isRehearsal,
      case .replace(let key, let expected) = change.key
    else { return 0 }
    return try await logs.erase(keyID, key.prefix, revision: expected)
  }

  /// In transactions of at most 500 entries. If one fails, those before it stay.
  public func record(_ usage: [KeyUsage]) async throws(StoreError) {
    try await logs.record(usage)
  }

  public func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord?
  {
    try IdempotencyRecord.read(
      try await look(IdempotencyRecord.select(actor: actor, key: key)), actor: actor, key: key)
  }

  /// The index of schemes is looked at once per scheme, and secrets are counted only where one is not known.
  public func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    var uses: [HashUse] = []
    for row in try await read(Statement(Listing.schemes), on: lists) {
      let scheme = try row.text(0)
      if known.contains(scheme) { continue }
      let living = try await read(
        Statement(
          """
          SELECT count(*) FROM cardea.secrets s JOIN cardea.keys k ON k.prefix = s.prefix
          WHERE s.scheme = $1 AND k.status IN ('active', 'suspended')
          """, [scheme]), on: lists)
      let count = living.first?.int(0) ?? 0
      if count > 0 { uses.append(HashUse(scheme: scheme, count: Int(count))) }
    }
    return uses
  }

  // MARK: Signal log

  public func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try LogRow.readAll(
      try await read(
        Statement(
          """
          SELECT \(LogRow.columns) FROM \(LogRow.tables)
          WHERE l.position > $1 ORDER BY l.position LIMIT $2
          """, [position, max(limit, 0)]), on: lists))
  }

  public func logHead() async throws(StoreError) -> LogHead {
    try LogHead.read(try await look(Statement(LogHead.select)))
  }

  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try watch.poll(after: position, limit: limit)
  }

  // MARK: Nodes

  public func join(_ node: NodeCard, wake: @escaping @Sendable () -> Void) async throws(StoreError)
  {
    watch.join(node, wake: wake)
  }

  public func forgetHistory() throws(StoreError) -> Int64 { try watch.forgetHistory() }

  public func nodes() async throws(StoreError) -> [NodeStatus] {
    try await watch.nodes()
  }

  public var storeTime: Timestamp? { watch.time }

  public var cautions: [String] { watch.cautions }

  // MARK: Durable subscriptions

  public func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    let position = try await writer.run { (transaction) async throws(StoreError) in
      try await SubscriptionRows(transaction).claim(claim) ?? -1
    }
    return position < 0 ? nil : position
  }

  public func advance(_ step: SubscriptionStep) async throws(StoreError) {
    _ = try await writer.run { (transaction) async throws(StoreError) in
      try await SubscriptionRows(transaction).advance(step)
      return 0
    }
  }

  public func subscriptions() async throws(StoreError) -> [SubscriptionRecord] {
    try SubscriptionRows.readAll(try await read(SubscriptionRows.all, on: lists))
  }

  public func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    try SubscriptionRows.readLetters(
      try await read(SubscriptionRows.select(query), on: lists))
  }

  public func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int {
    Int(
      try await writer.run { (transaction) async throws(StoreError) in
        try await SubscriptionRows(transaction).replay(
          subscription: subscription, position: position)
      })
  }

  // MARK: Plugins' own records

  public func pluginRecords(_ collection: String) async throws(StoreError) -> [PluginRecord] {
    try PluginRecordRows.readAll(
      try await read(PluginRecordRows.select(collection), on: lists))
  }

  public func pluginRecord(
    _ id: UUID, in collection: String
  ) async throws(StoreError) -> PluginRecord? {
    try PluginRecordRows.readAll(
      try await read(PluginRecordRows.select(id, in: collection), on: lists)
    ).first
  }

  public func put(_ record: PluginRecord, in collection: String) async throws(StoreError) {
    _ = try await writer.run { (transaction) async throws(StoreError) in
      try await PluginRecordRows(transaction).put(record, collection)
      return 0
    }
  }

  public func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) async throws(StoreError) -> Bool {
    let removed = try await writer.run { (transaction) async throws(StoreError) in
      try await SubscriptionRows(transaction).forget(subscription)
      return try await PluginRecordRows(transaction).remove(id, collections)
    }
    return removed > 0
  }

  // MARK: Reading

  /// On the next of the lookups' connections.
  private func look(_ statement: Statement) async throws(StoreError) -> Rows {
    let first = next.withLock { next -> Int in
      next = next &+ 1
      return next & 0xFFFF
    }
    // One that is away is passed over while another is there.
    let link =
      lookups.indices.lazy.map { self.lookups[(first + $0) % self.lookups.count] }
      .first { $0.trouble == nil } ?? lookups[0]
    return try await read(statement, on: link)
  }

  private func read(_ statement: Statement, on link: Link) async throws(StoreError) -> Rows {
    if statement.holdsNUL { return Rows() }
    do throws(Failure) { return try await link.run(statement) } catch {
      throw StoreError(error)
    }
  }

  // MARK: Logs

  func history(_ statement: Statement) async throws(StoreError) -> Rows {
    try await read(statement, on: history)
  }

  func list(_ statement: Statement) async throws(StoreError) -> Rows {
    try await read(statement, on: lists)
  }
}
