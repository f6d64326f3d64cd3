#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Standard output took less than it was given: a full disk, a reader that has gone.
struct OutputFailure: Sendable {
  /// An `errno`.
  let cause: Int32

  /// Whoever read has seen enough, as `head` does: nothing to tell.
  var isQuiet: Bool { cause == EPIPE }

  var reason: String { String(cString: strerror(cause)) }
}
