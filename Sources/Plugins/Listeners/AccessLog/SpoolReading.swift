import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// One reading of a slot's records, of the segments that there were when it began. Whoever has one releases it.
struct SpoolReading: Sendable {
  /// Where reading goes on.
  struct Cursor: Sendable {
    let after: Int64
    let first: Int64
    let offset: Int
  }

  let segments: [SpoolSegment]
  /// The first record that is not read: what is not acknowledged yet may still be taken back.
  let next: Int64
  /// The last segment's file, which is read where it is written, whatever its path means by now; the reading's own.
  let written: SpoolFile?
  /// Where the reading before has got to, and then this one.
  private(set) var cursor: Cursor?

  /// - Parameter details: how many may be others than a flood's.
  mutating func records(
    after sequence: Int64, details: Int, limit: Int
  ) throws(SpoolFault) -> [SpooledAccess] {
    var segments = segments
    let last = segments.last?.first
    var reached = cursor
    var records: [SpooledAccess] = []
    var detailed = 0
    var after = sequence
    while after + 1 < next,
      let segment = segments.last(where: { $0.first <= after + 1 })
        ?? segments.first
    {
      let known = segment.first == last ? written : nil
      let file = known ?? SpoolFile(descriptor: open(segment.path, O_RDONLY | O_CLOEXEC))
      // Removed: the gap is counted as soon as something comes after it.
      if known == nil, file.descriptor < 0, errno == ENOENT {
        segments.removeAll { $0.first <= segment.first }
        continue
      }
      guard file.descriptor >= 0 else { throw SpoolFault("\(segment.path) can't be opened") }
      defer { if known == nil { close(file.descriptor) } }
      var isFull = false
      let begin =
        reached?.first == segment.first && reached?.after == after ? reached?.offset ?? 0 : 0
      try file.scan(from: begin) { record, end in
        if record.sequence <= after { return true }
        guard record.sequence < next else { return false }
        if !record.isFolded {
          guard detailed < details else {
            isFull = true
            return false
          }
          detailed += 1
        }
        records.append(record)
        after = record.sequence
        reached = Cursor(after: after, first: segment.first, offset: end)
        isFull = records.count >= limit
        return !isFull
      }
      if isFull { break }
      segments.removeAll { $0.first <= segment.first }
    }
    cursor = reached
    return records
  }

  func release() {
    if let written { close(written.descriptor) }
  }
}
