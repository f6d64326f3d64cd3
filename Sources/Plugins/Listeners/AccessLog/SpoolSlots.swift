import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A spool's slots: the one that this process writes to, and those that others, or it itself, have left.
///
/// If the folder, the lock or the segment is removed or replaced, nobody else finds what is written there, or another
/// process writes there too. That is looked for before every write, with two `stat`s; what comes then goes to a new
/// slot, or is refused as long as none can be made. What was written before is drained from the file that is still
/// open.
///
/// Threading: `append` and `finish` by one thread at a time; `sources` from any.
final class SpoolSlots: Sendable {
  private static let most = 64

  private let path: String
  private let write: SpoolAuditSink.Write
  private let state: Locked<State>

  private struct State: Sendable {
    var current: SpoolSlot
    /// Of processes that are gone.
    var others: [SpoolSlot]
    /// Whose files were taken away, first to last.
    var displaced: [SpoolSlot] = []
  }

  /// Takes the first slot that is free, made if it is not there, and those that others have left behind.
  init(path: String, write: @escaping SpoolAuditSink.Write) throws(SpoolFault) {
    self.path = path
    self.write = write
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SpoolFault("the folder can't be made") }
    var slots: [SpoolSlot] = []
    for number in 0..<SpoolSlots.most {
      let name = "\(path)/\(number)"
      var status = stat()
      let exists = stat(name, &status) == 0
      if !exists, !slots.isEmpty { break }
      if let slot = try SpoolSlot(path: name, creates: !exists, write: write) {
        slots.append(slot)
      }
    }
    guard let slot = slots.first else { throw SpoolSlots.noneFree }
    state = Locked(State(current: slot, others: Array(slots.dropFirst())))
  }

  private static var noneFree: SpoolFault {
    SpoolFault("\(most) processes use the spool already", code: 0)
  }

  var sources: [any AccessSource] {
    state.withLock { state in
      // Nothing comes to these any more.
      state.displaced.removeAll { $0.waiting == 0 }
      return [state.current] + state.others + state.displaced
    }
  }

  /// Writes lines, all of them or none, and what `settle` wants in their place.
  func append(
    _ lines: [[UInt8]], syncs: Bool, settle: () -> [[UInt8]]?
  ) throws(AuditWriteError) {
    let slot = state.withLock { $0.current }
    if slot.isInPlace { return try slot.append(lines, syncs: syncs, settle: settle) }
    let new: SpoolSlot
    do throws(SpoolFault) { new = try makeSlot() } catch { throw .notWritten(errno: error.code) }
    state.withLock { state in
      state.displaced.append(state.current)
      state.current = new
    }
    try new.append(lines, syncs: syncs, settle: settle)
  }

  /// One that nobody has used yet: the store knows nothing of it, so its numbers may begin with 1.
  private func makeSlot() throws(SpoolFault) -> SpoolSlot {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SpoolFault("the folder can't be made") }
    for number in 0..<SpoolSlots.most {
      let name = "\(path)/\(number)"
      if mkdir(name, 0o700) != 0 {
        guard errno == EEXIST else { throw SpoolFault("the folder \(name) can't be made") }
        continue
      }
      do throws(SpoolFault) {
        if let slot = try SpoolSlot(path: name, creates: false, write: write) { return slot }
      } catch {
        // Whoever tries again must not run out of numbers.
        for file in ["/lock", "/node", "/node.new"] { unlink(name + file) }
        rmdir(name)
        throw error
      }
    }
    throw SpoolSlots.noneFree
  }

  /// Lets go of all slots. What the store does not have yet is drained by the next process; what that can't find, since
  /// its file has no name any more, is counted as lost.
  func finish() {
    let state = state.withLock { $0 }
    let lost = state.displaced.reduce(0) { $0 + ($1.isNameless ? Int64($1.waiting) : 0) }
    if lost > 0 { state.current.skip(lost) }
    for slot in [state.current] + state.others + state.displaced { slot.finish() }
  }
}
