import CardeaLifecycle
import CardeaPostgreSQL
import CardeaSQLite
import Foundation

/// A process of its own that writes to a store, of SQLite's or at a URL of PostgreSQL's: what the tests of durability kill, trace and starve.
@main
struct StoreWriter {
  let store: any KeyStore
  let maker: KeyMaker

  static func main() async throws {
    guard let arguments = Arguments(CommandLine.arguments) else {
      Output.line("usage: store-writer write|count|full|read-only|deliver PATH [NUMBER]")
      exit(2)
    }
    if arguments.command == .deliver {
      return try await Deliverer.run(arguments.path, tasks: arguments.number)
    }
    if arguments.command == .readOnly { try becomeNobody() }
    let store: any KeyStore =
      arguments.path.hasPrefix("postgres:")
      ? try PostgreSQLStore(url: arguments.path) : SQLiteStore(path: arguments.path)
    let writer = StoreWriter(store: store, maker: try KeyMaker())
    do {
      try await store.open()
      switch arguments.command {
      case .write: try await writer.writeForEver(tasks: arguments.number)
      case .count: try await writer.make(arguments.number)
      case .full: try await writer.fill()
      case .readOnly, .deliver: Output.line("opened")
      }
      await store.close()
    } catch {
      Output.line("error \(error)")
    }
  }

  private func writeForEver(tasks: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          while true {
            var key = maker.key()
            try await commit(maker.insert(key), key)
            try await commit(maker.replace(&key, status: .suspended), key)
            try await commit(maker.replace(&key, status: .revoked), key)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func make(_ count: Int) async throws {
    for _ in 0..<count {
      let key = maker.key()
      try await commit(maker.insert(key), key)
    }
  }

  private func commit(_ change: StoreChange, _ key: KeyRecord) async throws {
    Output.acknowledge(key, position: try await store.commit(change))
  }

  /// The kernel refuses every write beyond 256 KiB of a file, as a full disk would; then the limit goes.
  private func fill() async throws {
    signal(SIGXFSZ, SIG_IGN)
    setFileSizeLimit(262_144)
    var refusal: StoreError?
    while refusal == nil {
      let key = maker.key()
      do throws(StoreError) {
        let position = try await store.commit(maker.insert(key))
        Output.acknowledge(key, position: position)
      } catch {
        refusal = error
        Output.line("refused \(key.prefix)")
      }
    }
    setFileSizeLimit(.max)
    try await make(3)
  }

  private func setFileSizeLimit(_ bytes: rlim_t) {
    var limit = rlimit()
    getrlimit(fileSize, &limit)
    limit.rlim_cur = min(bytes, limit.rlim_max)
    setrlimit(fileSize, &limit)
  }

  /// Root may write anything: only another user meets a file that it may only read.
  private static func becomeNobody() throws {
    if geteuid() == 0, setgid(65_534) != 0 || setuid(65_534) != 0 {
      throw POSIXError(.EPERM)
    }
  }
}

#if canImport(Glibc)
  private let fileSize = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
#else
  private let fileSize = RLIMIT_FSIZE
#endif
