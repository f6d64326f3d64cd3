import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A folder of spool segments that one process holds by a lock.
///
/// A segment is a file named for the sequence of its first record. The last one is written to; those before it
/// are deleted once the store has what they hold.
///
/// Threading: `append` and `finish` by one thread at a time; the others by one thread at a time, which may
/// be another.
final class SpoolSlot: AccessSource {
  let node: String
  private let lock: SpoolLock
  private let write: SpoolAuditSink.Write
  private let segments: Locked<SpoolSegments>

  /// Takes the slot; `nil` if another process holds it.
  /// - Parameter creates: whether a slot that is not there is made.
  init?(
    path: String, creates: Bool, write: @escaping SpoolAuditSink.Write
  ) throws(SpoolFault) {
    if creates, mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SpoolFault("the folder \(path) can't be made")
    }
    guard let lock = try SpoolLock(in: path) else { return nil }
    self.lock = lock
    self.write = write
    do throws(SpoolFault) {
      node = try SpoolNode.name(in: path)
      segments = Locked(try SpoolSegments(in: path))
    } catch {
      lock.release()
      throw error
    }
  }

  deinit { release() }

  // MARK: Its place

  /// Whether the paths of the lock and of the last segment still mean the files that are open. If not, another process
  /// may use the slot, or nobody finds what is written to it.
  ///
  /// Each takes a `stat` of its path: a descriptor tells that its file was removed, but not that it was moved, or that
  /// another folder is where its folder was.
  var isInPlace: Bool { lock.isInPlace && !isNameless }

  /// Whether what is written to the last segment goes where no path leads.
  var isNameless: Bool {
    guard let (path, mark) = segments.withLock({ $0.target }) else { return false }
    return FileMark(path: path) != mark
  }

  // MARK: Writing

  /// Writes lines behind their sequences, all of them or none, and as long as `settle` wants others there, those in
  /// their place. Nobody reads them before.
  func append(
    _ lines: [[UInt8]], syncs: Bool, settle: () -> [[UInt8]]?
  ) throws(AuditWriteError) {
    let place = try segments.withLock { (segments) throws(AuditWriteError) -> SpoolSegments.Place in
      try segments.place()
    }
    var lines = lines
    while true {
      let count = try put(lines, at: place, syncs: syncs)
      guard let instead = settle() else {
        return segments.withLock {
          $0.note(written: count, next: place.next + Int64(lines.count))
        }
      }
      guard place.file.cut(to: place.offset) else {
        throw failure(errno, of: lines.count, at: place)
      }
      lines = instead
    }
  }

  /// Writes lines there; how many bytes they were.
  private func put(
    _ lines: [[UInt8]], at place: SpoolSegments.Place, syncs: Bool
  ) throws(AuditWriteError) -> Int {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 12 })
    for (index, line) in lines.enumerated() {
      bytes.append(contentsOf: String(place.next + Int64(index)).utf8)
      bytes.append(contentsOf: line)
    }
    var written = write(place.file.descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(place.file.descriptor, bytes) }
    guard written == bytes.count else {
      throw failure(written < 0 ? errno : ENOSPC, of: lines.count, at: place)
    }
    if syncs, place.file.sync() != 0 { throw failure(errno, of: lines.count, at: place) }
    return bytes.count
  }

  /// Takes back what may be there of a write that failed.
  private func failure(
    _ code: Int32, of count: Int, at place: SpoolSegments.Place
  ) -> AuditWriteError {
    takeBack(count, from: place)
    return .notWritten(errno: code)
  }

  /// Cuts off what a failed write may have left. If that fails too, the sequence goes on behind it, in a
  /// segment of its own.
  private func takeBack(_ count: Int, from place: SpoolSegments.Place) {
    if place.file.cut(to: place.offset) { return }
    var next = place.next
    do throws(SpoolFault) {
      try place.file.scan(from: place.offset) { record, _ in
        next = max(next, record.sequence + 1)
        return true
      }
    } catch { next = place.next + Int64(count) }
    segments.withLock { $0.goOn(with: next) }
  }

  /// Leaves out that many numbers, by which the store counts entries as lost.
  func skip(_ count: Int64) { segments.withLock { $0.skip(count) } }

  /// Closes the slot; if the store has everything, nothing but an empty segment is left.
  func finish() {
    if isInPlace { segments.withLock { $0.clear() } }
    release()
  }

  private func release() {
    guard let file = segments.withLock({ $0.giveUpFile() }) else { return }
    close(file.descriptor)
    lock.release()
  }

  // MARK: Reading

  var waiting: Int { segments.withLock { $0.waiting } }

  func resume(after sequence: Int64) { segments.withLock { $0.resume(after: sequence) } }

  func records(after sequence: Int64, details: Int, limit: Int) throws -> [SpooledAccess] {
    var reading = segments.withLock { $0.reading() }
    defer { reading.release() }
    let records = try reading.records(after: sequence, details: details, limit: limit)
    let reached = reading.cursor
    segments.withLock { $0.cursor = reached }
    return records
  }

  func discard(through sequence: Int64) {
    // By name they may be another's by now.
    let isInPlace = isInPlace
    segments.withLock { $0.discard(through: sequence, deletes: isInPlace) }
  }
}
