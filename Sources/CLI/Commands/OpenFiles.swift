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
  /// - Returns: how many connections find room, at most those that were asked for.
  static func allow(_ connections: Int) -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return connections }
    let wanted = rlim_t(connections) + own
    if limit.rlim_cur < wanted {
      var raised = limit
      raised.rlim_cur = min(wanted, limit.rlim_max)
      if setrlimit(resource, &raised) == 0 { limit = raised }
    }
    return limit.rlim_cur >= wanted ? connections : Int(max(limit.rlim_cur, own + 1) - own)
  }
}
