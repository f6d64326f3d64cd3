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

  /// Writes lines behind their sequences, all of them or none.
  func append(_ bodies: [[UInt8]], syncs: Bool) throws(SpoolError) {
    let place = try segments.withLock { (segments) throws(SpoolError) -> SpoolSegments.Place in
      try segments.place()
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bodies.reduce(0) { $0 + $1.count + 12 })
    var next = place.next
    for body in bodies {
      bytes.append(contentsOf: String(next).utf8)
      bytes.append(contentsOf: body)
      next += 1
    }
    var written = write(place.file.descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(place.file.descriptor, bytes) }
    var code: Int32 = written < 0 ? errno : written < bytes.count ? ENOSPC : 0
    if code == 0, syncs, place.file.sync() != 0 { code = errno }
    if code != 0 {
      takeBack(place)
      throw .notWritten(errno: code)
    }
    segments.withLock { $0.note(written: bytes.count, next: next) }
  }

  /// Cuts off what a failed write may have left. If that fails too, the sequence goes on behind it, in a
  /// segment of its own.
  private func takeBack(_ place: SpoolSegments.Place) {
    if place.file.cut(to: place.offset) { return }
    var next = place.next
    place.file.scan(from: place.offset) { record, _ in
      next = max(next, record.sequence + 1)
      return true
    }
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
