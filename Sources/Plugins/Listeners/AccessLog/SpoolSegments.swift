import CardeaContracts

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

/// The segments of a slot, the last of which is open to be written to, and where its numbers stand.
///
/// One is always left, if only an empty one, so that the sequence goes on where it stood. Records are written and read
/// outside, at a ``Place`` and by a ``SpoolReading``: whoever keeps this behind a lock does not hold it meanwhile.
struct SpoolSegments: Sendable {
  /// A segment that has grown beyond is followed by another: bytes.
  private static let longest = 8 << 20
  /// Of what the store has already, at most this is left lying: bytes.
  private static let keptAtMost = 1 << 20

  /// Where the next records go.
  struct Place: Sendable {
    let file: SpoolFile
    /// The sequence of the next record.
    let next: Int64
    /// Where its line begins.
    let offset: Int
  }

  private let folder: String
  private var segments: [SpoolSegment]
  /// Of the last segment; `nil` once the slot is let go of.
  private var file: SpoolFile?
  /// Of the last segment's file.
  private var mark: FileMark?
  /// Bytes of the last segment.
  private var size = 0
  /// The sequence of the next record.
  private var next: Int64 = 1
  private var wantsSegment = false
  /// The store has everything up to here.
  private var drained: Int64 = 0
  /// Where the last reading has got to.
  var cursor: SpoolReading.Cursor?

  /// What is in a slot's folder, with the last segment open and a torn last line cut off.
  init(in folder: String) throws(SpoolFault) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw SpoolFault("\(folder) can't be listed")
    }
    self.folder = folder
    segments = names.compactMap { SpoolSegment(named: $0, in: folder) }
      .sorted { $0.first < $1.first }
    guard let last = segments.last else {
      try begin()
      return
    }
    let descriptor = open(last.path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw SpoolFault("\(last.path) can't be opened") }
    let found = SpoolFile(descriptor: descriptor)
    var next = last.first
    do throws(SpoolFault) {
      size = try found.scan(from: 0) { record, _ in
        next = max(next, record.sequence + 1)
        return true
      }
    } catch {
      close(descriptor)
      throw error
    }
    guard found.cut(to: size) else {
      close(descriptor)
      throw SpoolFault("\(last.path) can't be written")
    }
    self.next = next
    file = found
    mark = FileMark(descriptor)
  }

  /// Begins a segment with the next record.
  private mutating func begin() throws(SpoolFault) {
    let segment = SpoolSegment(first: next, in: folder)
    let descriptor = open(segment.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFault("\(segment.path) can't be made") }
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
    if let earlier = file { close(earlier.descriptor) }
    file = SpoolFile(descriptor: descriptor)
    mark = FileMark(descriptor)
    size = 0
    if segments.last?.first != segment.first { segments.append(segment) }
  }

  // MARK: Writing

  /// Where what is written goes: the last segment's path, and the file that it should lead to.
  var target: (path: String, mark: FileMark)? {
    guard let last = segments.last, let mark else { return nil }
    return (last.path, mark)
  }

  mutating func place() throws(AuditWriteError) -> Place {
    if file == nil { throw .closed }
    if wantsSegment || size >= SpoolSegments.longest {
      do throws(SpoolFault) { try begin() } catch { throw .notWritten(errno: error.code) }
      wantsSegment = false
    }
    guard let file else { throw .closed }
    return Place(file: file, next: next, offset: size)
  }

  /// So many bytes were written at the place, up to the record before `next`.
  mutating func note(written count: Int, next: Int64) {
    self.next = next
    size += count
  }

  /// The sequence goes on with that number in a segment of its own: names say what a segment begins with.
  mutating func goOn(with next: Int64) {
    self.next = next
    wantsSegment = true
  }

  /// Leaves out that many numbers, by which the store counts entries as lost.
  mutating func skip(_ count: Int64) {
    next += count
    try? begin()
  }

  /// The file, for the caller to close; nothing can be written from now on.
  mutating func giveUpFile() -> SpoolFile? {
    defer { file = nil }
    return file
  }

  // MARK: What the store has

  /// Records that the store does not have.
  var waiting: Int { Int(clamping: max(0, next - 1 - drained)) }

  /// The store has everything up to `sequence`, which may be more than was written here.
  mutating func resume(after sequence: Int64) {
    drained = max(drained, sequence)
    if sequence >= next { goOn(with: sequence + 1) }
  }

  /// The store has everything up to `sequence`.
  /// - Parameter deletes: whether what it has goes from the disk.
  mutating func discard(through sequence: Int64, deletes: Bool) {
    drained = max(drained, sequence)
    guard deletes else { return }
    while segments.count > 1, segments[1].first <= sequence + 1 {
      unlink(segments.removeFirst().path)
    }
    if sequence >= next - 1, size > SpoolSegments.keptAtMost { wantsSegment = true }
  }

  /// Leaves nothing but an empty segment, if the store has everything.
  mutating func clear() {
    guard drained >= next - 1 else { return }
    if size > 0 { try? begin() }
    for segment in segments.dropLast() { unlink(segment.path) }
    segments = segments.suffix(1)
  }

  /// A reading of what is acknowledged at this moment.
  func reading() -> SpoolReading {
    SpoolReading(
      segments: segments, next: next,
      written: file.map { SpoolFile(descriptor: fcntl($0.descriptor, F_DUPFD_CLOEXEC, 0)) },
      cursor: cursor)
  }
}
