public import CardeaContracts
public import Foundation

/// Keys, owners and the signal log as JSON files in a directory, one file a record, which several
/// processes may share.
///
/// Every operation takes the directory's lock and reads all that it needs: right for some hundred
/// keys on a local disk, and short enough to be read. It blocks its thread while it waits for the
/// lock.
///
/// - `keys/<id>.json`, `owners/<id>.json`, `log/<position>.json`, `head.json`, `idempotency.json`
/// - `journal.json`: the files of the change that is being written. It appears by one rename, so a
///   change is there whole or not at all; whoever takes the lock next writes out what is left of
///   it.
public struct DirectoryStore: SharedKeyStore {
  public let id = "store.directory"
  private let directory: Directory

  /// - Parameter path: the directory; ``open()`` makes it if it is missing.
  public init(path: String) { directory = Directory(path: path) }

  public func open() async throws(StoreError) {
    try directory.create(["keys", "owners", "log"])
    try directory.locked { _ throws(StoreError) in }
  }

  public func close() async {}

  public func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try read { $0.stored { $0.prefix.utf8.elementsEqual(prefix.utf8) } }
  }

  public func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try read { $0.stored { $0.id == id } }
  }

  public func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try read { contents in
      let places = contents.keys.filter(query.takes).map { KeyCursor(of: $0, in: query.sort) }
      let found = places.filter { query.after?.precedes($0) ?? true }.sorted { $0.precedes($1) }
      let items = found.prefix(query.limit).compactMap { place in
        contents.stored { $0.id == place.id }
      }
      return Page(items: items, next: found.count > items.count ? items.last?.key.id : nil)
    }
  }

  public func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    try read { $0.owners.first { $0.id == id } }
  }

  public func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try read { $0.owners.first { $0.kind == kind && $0.name.utf8.elementsEqual(name.utf8) } }
  }

  public func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try read { contents in
      let found = contents.owners.filter {
        (query.kind ?? $0.kind) == $0.kind
          && (query.name ?? $0.name).utf8.elementsEqual($0.name.utf8)
          && (query.member.map($0.members.contains) ?? true)
      }
      let ascending = found.sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
      let sorted = query.descending ? ascending.reversed() : ascending
      return Page(of: sorted, after: query.after, limit: query.limit) { $0.id }
    }
  }

  public func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try directory.locked { directory throws(StoreError) in
      var contents = try Contents(directory)
      try contents.apply(change)
      let head = try LogFile.head(directory)
      if change.isRehearsal { return head.position }
      let entries = change.entries(after: head)
      for entry in entries { contents.changed[LogFile.path(entry.position)] = json(LogFile(entry)) }
      if let keyID = change.erasesLogOf {
        for position in 1..<(head.position + 1) {
          var file: LogFile = try directory.read(LogFile.path(position))
          guard file.keyID == keyID else { continue }
          file.payload = nil
          file.salt = nil
          contents.changed[LogFile.path(position)] = json(file)
        }
      }
      let last = entries.last.map { LogHead(position: $0.position, hash: $0.hash) } ?? head
      contents.changed["head.json"] = json(HeadFile(last))
      try directory.write(contents.changed)
      return last.position
    }
  }

  public func record(_ usage: [KeyUsage]) async throws(StoreError) {
    try directory.locked { directory throws(StoreError) in
      var contents = try Contents(directory)
      for use in usage { contents.apply(use) }
      if !contents.changed.isEmpty { try directory.write(contents.changed) }
    }
  }

  public func idempotency(
    actor: String, key: String
  ) async throws(StoreError) -> IdempotencyRecord? {
    try read { $0.latestUse(actor: actor, key: key) }
  }

  public func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try entries(after: position, limit: Int64(limit))
  }

  public func logHead() async throws(StoreError) -> LogHead {
    try directory.locked { directory throws(StoreError) in try LogFile.head(directory) }
  }

  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try entries(after: position, limit: Int64(limit)).map {
      LogMark(position: $0.position, signal: $0.signal, prefix: $0.prefix, ownerID: $0.ownerID)
    }
  }

  private func entries(after position: Int64, limit: Int64) throws(StoreError) -> [LogEntry] {
    try directory.locked { directory throws(StoreError) in
      let last = min(try LogFile.head(directory).position, position + limit)
      var entries: [LogEntry] = []
      for next in stride(from: position + 1, through: last, by: 1) {
        let file: LogFile = try directory.read(LogFile.path(next))
        entries.append(try file.entry())
      }
      return entries
    }
  }

  private func read<Value>(_ body: (Contents) -> Value) throws(StoreError) -> Value {
    try directory.locked { directory throws(StoreError) in body(try Contents(directory)) }
  }
}

extension Page {
  /// The part of `all` behind the element with the id `after`.
  init(of all: [Element], after: UUID?, limit: Int, id: (Element) -> UUID) {
    var rest = all[...]
    if let after {
      rest = all.firstIndex { id($0) == after }.map { all[$0...].dropFirst() } ?? []
    }
    let items = Array(rest.prefix(limit))
    self.init(items: items, next: rest.count > limit ? items.last.map(id) : nil)
  }
}
