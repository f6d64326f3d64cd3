#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What is wrong with a spool's folder.
struct SpoolFault: Error, Sendable {
  let problem: String
  let code: Int32

  /// - Parameter code: the reason, as `errno` gives it; 0 for none.
  init(_ problem: String, code: Int32 = errno) {
    self.code = code
    self.problem = code == 0 ? problem : "\(problem): \(String(cString: strerror(code)))"
  }
}
