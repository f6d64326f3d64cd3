import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The process's file mode mask while a Unix domain socket is made: the socket has the mode that it is to have from the
/// beginning, since somebody might connect before it could be changed.
///
/// Threading: any thread. The mask is the whole process's: every file that is made meanwhile has it.
final class SocketMask: Sendable {
  /// Owner and group may connect, nobody else: mode 0660, as a mask of what is taken away.
  private static let narrow: mode_t = 0o117

  /// The process's own; `nil` while that is in force.
  private let own = Locked<mode_t?>(nil)

  func set() { own.withLock { $0 = umask(SocketMask.narrow) } }

  /// Brings the process's own mask back, if it was taken away.
  func restore() {
    own.withLock { own in
      if let mask = own { _ = umask(mask) }
      own = nil
    }
  }
}
