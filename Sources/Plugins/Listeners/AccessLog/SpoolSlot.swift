import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
/// are deleted once the store has what they hold. One is always left, if only an empty one, so that the
/// sequence goes on where it stood.
///
/// Threading: `append` and `finish` by one thread at a time; the others by one thread at a time, which may
/// be another.
final class SpoolSlot: AccessSource {
  /// A segment that has grown beyond is followed by another: bytes.
  static let longest = 8 << 20
  /// Of what the store has already, at most this is left lying: bytes.
  private static let keptAtMost = 1 << 20
  private static let chunk = 256 << 10

  let node: String
  private let path: String
  private let lock: Int32
  private let lockPath: String
  private let lockMark: FileMark?
  private let write: SpoolAuditSink.Write
  private let state: Locked<State>

  private struct Segment: Sendable {
    let first: Int64
    let path: String
  }

  private struct State: Sendable {
    var segments: [Segment]
    var descriptor: Int32?
    /// Of the last segment's file.
    var mark: FileMark?
    /// Bytes of the last segment.
    var size: Int
    /// The sequence of the next record.
    var next: Int64
    var wantsSegment = false
    /// The store has everything up to here.
    var drained: Int64 = 0
    var cursor: Cursor?
  }

  /// Where reading goes on.
  private struct Cursor: Sendable {
    let after: Int64
    let first: Int64
    let offset: Int
  }

  /// Takes the slot; `nil` if another process holds it.
  /// - Parameter creates: whether a slot that is not there is made.
  init?(
    path: String, creates: Bool, write: @escaping SpoolAuditSink.Write
  ) throws(SpoolFault) {
    self.path = path
    self.write = write
    if creates, mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SpoolFault("the folder \(path) can't be made")
    }
    lockPath = "\(path)/lock"
    lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw SpoolFault("\(lockPath) can't be opened") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      return nil
    }
    lockMark = FileMark(lock)
    do throws(SpoolFault) {
      node = try SpoolSlot.node(in: path)
      state = Locked(try SpoolSlot.state(of: path))
    } catch {
      close(lock)
      throw error
    }
  }

  deinit { release() }

  /// The slot's name in the access log, made with the slot: another spool never continues its chain.
  private static func node(in path: String) throws(SpoolFault) -> String {
    let file = "\(path)/node"
    if let data = FileManager.default.contents(atPath: file),
      let text = String(validating: data, as: UTF8.self)
    {
      let name = text.prefix { $0 != "\n" }
      let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      if (1...128).contains(name.utf8.count), isName { return String(name) }
      if !text.isEmpty { throw SpoolFault("\(file) does not hold a node's name", code: 0) }
    }
    let name = SpoolAuditSink.newNode()
    let descriptor = open("\(file).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFault("\(file) can't be made") }
    defer { close(descriptor) }
    let bytes = Array("\(name)\n".utf8)
    guard SpoolAuditSink.systemWrite(descriptor, bytes) == bytes.count, fsync(descriptor) == 0,
      rename("\(file).new", file) == 0
    else { throw SpoolFault("\(file) can't be written") }
    return name
  }

  /// What is there, with the last segment open and a torn last line cut off.
  private static func state(of path: String) throws(SpoolFault) -> State {
    var segments: [Segment] = []
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw SpoolFault("\(path) can't be listed")
    }
    for name in names where name.hasSuffix(".log") {
      if let first = Int64(name.dropLast(4)), first > 0 {
        segments.append(Segment(first: first, path: "\(path)/\(name)"))
      }
    }
    segments.sort { $0.first < $1.first }
    guard let last = segments.last else {
      var state = State(segments: [], descriptor: nil, mark: nil, size: 0, next: 1)
      try begin(&state, in: path)
      return state
    }
    let descriptor = open(last.path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw SpoolFault("\(last.path) can't be opened") }
    var next = last.first
    let end = scan(descriptor, from: 0) { record, _ in
      next = max(next, record.sequence + 1)
      return true
    }
    guard ftruncate(descriptor, off_t(end)) == 0 else {
      close(descriptor)
      throw SpoolFault("\(last.path) can't be written")
    }
    return State(
      segments: segments, descriptor: descriptor, mark: FileMark(descriptor), size: end, next: next)
  }

  /// Begins a segment with the next record.
  private static func begin(_ state: inout State, in path: String) throws(SpoolFault) {
    let digits = String(state.next)
    let name = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    let segment = Segment(first: state.next, path: "\(path)/\(name).log")
    let descriptor = open(segment.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFault("\(segment.path) can't be made") }
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
    if let earlier = state.descriptor { close(earlier) }
    state.descriptor = descriptor
    state.mark = FileMark(descriptor)
    state.size = 0
    if state.segments.last?.first != segment.first { state.segments.append(segment) }
  }

  // MARK: Its place

  /// Whether the paths of the lock and of the last segment still mean the files that are open. If not, another process
  /// may use the slot, or nobody finds what is written to it.
  var isInPlace: Bool { FileMark(path: lockPath) == lockMark && !isNameless }

  /// Whether what is written to the last segment goes where no path leads.
  var isNameless: Bool {
    let (segment, mark) = state.withLock { ($0.segments.last, $0.mark) }
    guard let segment, let mark else { return false }
    return FileMark(path: segment.path) != mark
  }

  // MARK: Writing

  /// Writes lines behind their sequences, all of them or none.
  func append(_ bodies: [[UInt8]], syncs: Bool) throws(SpoolError) {
    let place = try state.withLock {
      (state) throws(SpoolError) -> (descriptor: Int32, next: Int64, size: Int) in
      if state.descriptor == nil { throw .closed }
      if state.wantsSegment || state.size >= SpoolSlot.longest {
        do throws(SpoolFault) { try SpoolSlot.begin(&state, in: path) } catch {
          throw .notWritten(errno: error.code)
        }
        state.wantsSegment = false
      }
      guard let descriptor = state.descriptor else { throw .closed }
      return (descriptor, state.next, state.size)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bodies.reduce(0) { $0 + $1.count + 12 })
    var next = place.next
    for body in bodies {
      bytes.append(contentsOf: String(next).utf8)
      bytes.append(contentsOf: body)
      next += 1
    }
    var written = write(place.descriptor, bytes)
    // Again only if a signal came before any byte was written.
    while written < 0, errno == EINTR { written = write(place.descriptor, bytes) }
    var code: Int32 = written < 0 ? errno : written < bytes.count ? ENOSPC : 0
    if code == 0, syncs, SpoolSlot.sync(place.descriptor) != 0 { code = errno }
    if code != 0 {
      takeBack(place)
      throw .notWritten(errno: code)
    }
    state.withLock { state in
      state.next = next
      state.size += bytes.count
    }
  }

  private static func sync(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
      fcntl(descriptor, F_FULLFSYNC)
    #else
      fdatasync(descriptor)
    #endif
  }

  /// Cuts off what a failed write may have left. If that fails too, the sequence goes on behind it, in a
  /// segment of its own.
  private func takeBack(_ place: (descriptor: Int32, next: Int64, size: Int)) {
    if ftruncate(place.descriptor, off_t(place.size)) == 0 { return }
    var next = place.next
    _ = SpoolSlot.scan(place.descriptor, from: place.size) { record, _ in
      next = max(next, record.sequence + 1)
      return true
    }
    state.withLock { state in
      state.next = next
      state.wantsSegment = true
    }
  }

  /// Leaves out that many numbers, by which the store counts entries as lost.
  func skip(_ count: Int64) {
    state.withLock { state in
      state.next += count
      try? SpoolSlot.begin(&state, in: path)
    }
  }

  /// Closes the slot; if the store has everything, nothing but an empty segment is left.
  func finish() {
    let isInPlace = isInPlace
    state.withLock { state in
      guard isInPlace, state.drained >= state.next - 1 else { return }
      if state.size > 0 { try? SpoolSlot.begin(&state, in: path) }
      for segment in state.segments.dropLast() { unlink(segment.path) }
      state.segments = state.segments.suffix(1)
    }
    release()
  }

  private func release() {
    let descriptor = state.withLock { state in
      defer { state.descriptor = nil }
      return state.descriptor
    }
    guard let descriptor else { return }
    close(descriptor)
    close(lock)
  }

  // MARK: Reading

  var waiting: Int { state.withLock { Int(clamping: max(0, $0.next - 1 - $0.drained)) } }

  func resume(after sequence: Int64) {
    state.withLock { state in
      state.drained = max(state.drained, sequence)
      guard sequence >= state.next else { return }
      state.next = sequence + 1
      // Names say what a segment begins with.
      state.wantsSegment = true
    }
  }

  func records(after sequence: Int64, details: Int, limit: Int) throws -> [SpooledAccess] {
    // The last segment is read where it is written, whatever its path means by now.
    let known = state.withLock { state in
      (
        state.segments, state.next, state.cursor,
        state.descriptor.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
      )
    }
    var (segments, next, cursor, written) = known
    defer { if let written { close(written) } }
    let last = segments.last?.first
    var records: [SpooledAccess] = []
    var detailed = 0
    var after = sequence
    while after + 1 < next,
      let segment = segments.last(where: { $0.first <= after + 1 })
        ?? segments.first
    {
      var descriptor = written ?? -1
      if segment.first != last || written == nil {
        descriptor = open(segment.path, O_RDONLY | O_CLOEXEC)
        // Removed: the gap is counted as soon as something comes after it.
        if descriptor < 0, errno == ENOENT {
          segments.removeAll { $0.first <= segment.first }
          continue
        }
      }
      guard descriptor >= 0 else { throw SpoolFault("\(segment.path) can't be opened") }
      defer { if descriptor != written { close(descriptor) } }
      var isFull = false
      let begin = cursor?.first == segment.first && cursor?.after == after ? cursor?.offset ?? 0 : 0
      _ = SpoolSlot.scan(descriptor, from: begin) { record, end in
        if record.sequence <= after { return true }
        // What is not acknowledged yet may still be taken back.
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
        cursor = Cursor(after: after, first: segment.first, offset: end)
        isFull = records.count >= limit
        return !isFull
      }
      if isFull { break }
      segments.removeAll { $0.first <= segment.first }
    }
    let reached = cursor
    state.withLock { $0.cursor = reached }
    return records
  }

  func discard(through sequence: Int64) {
    let isInPlace = isInPlace
    state.withLock { state in
      state.drained = max(state.drained, sequence)
      // By name they may be another's by now.
      guard isInPlace else { return }
      while state.segments.count > 1, state.segments[1].first <= sequence + 1 {
        unlink(state.segments.removeFirst().path)
      }
      if sequence >= state.next - 1, state.size > SpoolSlot.keptAtMost { state.wantsSegment = true }
    }
  }

  /// Hands every whole record from `offset` on to `body`, with where it ends, until it has enough; lines that
  /// are none are passed over. Where the last whole line ends.
  private static func scan(
    _ descriptor: Int32, from offset: Int,
    _ body: (SpooledAccess, _ end: Int) -> Bool
  ) -> Int {
    var buffer: [UInt8] = []
    var start = offset
    while true {
      var part = [UInt8](repeating: 0, count: chunk)
      let count = pread(descriptor, &part, chunk, off_t(start + buffer.count))
      guard count > 0 else { return start }
      buffer.append(contentsOf: part[..<count])
      let (used, goesOn) = buffer.withUnsafeBufferPointer { bytes -> (Int, Bool) in
        var begin = 0
        while let end = bytes[begin...].firstIndex(of: SpoolLine.lineFeed) {
          if let record = SpoolLine.record(UnsafeBufferPointer(rebasing: bytes[begin..<end])),
            !body(record, start + end + 1)
          {
            return (begin, false)
          }
          begin = end + 1
        }
        return (begin, true)
      }
      start += used
      buffer.removeFirst(used)
      if !goesOn { return start }
    }
  }
}
