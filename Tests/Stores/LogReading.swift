import CardeaContracts
import Testing

/// Reads the log after `start` page by page, checks every entry's place in the chain and that the chain ends
/// at the head row, and returns the entries.
@discardableResult
func verifiedLog(
  of store: any KeyStore, _ chain: LogChain, after start: LogHead = .empty,
  sourceLocation: SourceLocation = #_sourceLocation
) async throws -> [LogEntry] {
  var entries: [LogEntry] = []
  var head = start
  while true {
    let page = try await store.log(after: head.position, limit: 500)
    if page.isEmpty { break }
    for entry in page {
      #expect(chain.follows(entry, head), sourceLocation: sourceLocation)
      head = LogHead(position: entry.position, hash: entry.hash)
    }
    entries += page
  }
  #expect(try await store.logHead() == head, sourceLocation: sourceLocation)
  return entries
}
