#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How many files and connections this process may have open.
enum OpenFiles {
  /// What the store, the spool and the logs take.
  private static let own: rlim_t = 256

  /// Raises the process's limit, where the system lets it, so that as many connections find room. The usual 1,024
  /// is there for programs that call `select`, which this one does not.
  static func allow(_ connections: Int) {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return }
    let wanted = rlim_t(connections) + own
    guard limit.rlim_cur < wanted else { return }
    limit.rlim_cur = min(wanted, limit.rlim_max)
    _ = setrlimit(resource, &limit)
  }
}
