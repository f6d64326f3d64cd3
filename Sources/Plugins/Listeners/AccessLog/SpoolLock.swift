import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The file by whose lock (`flock(2)`) one process at a time holds a slot.
///
/// Whoever has one releases it, else it is held until the process ends.
struct SpoolLock: Sendable {
  private let path: String
  private let descriptor: Int32
  private let mark: FileMark?

  /// Takes it, made if it is not there; `nil` if another process holds it.
  init?(in folder: String) throws(SpoolFault) {
    path = "\(folder)/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SpoolFault("\(path) can't be opened") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    mark = FileMark(descriptor)
  }

  /// Whether its path still means the file that is locked. If not, another process may hold the slot too.
  var isInPlace: Bool { FileMark(path: path) == mark }

  /// Once: afterwards the descriptor's number may be another file's.
  func release() { close(descriptor) }
}
