import CardeaContracts
import CardeaMemoryStore
import CardeaPostgreSQL
import CardeaSQLite

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The store schemes of every program: `sqlite:`, `postgres:` (or `postgresql:`) and `memory:`.
enum StandardStores {
  static let schemes = [sqlite, postgres("postgresql"), postgres("postgres"), memory]

  private static let sqlite = StoreScheme(
    "sqlite", form: "sqlite:PATH",
    presence: { path in
      // lstat: a symbolic link that leads nowhere is something too, and what it means is unclear.
      var status = stat()
      return lstat(path, &status) == 0 || errno != ENOENT ? .present : .absent
    },
    spool: { path in "\(path)-spool" },
    make: { (path: String) throws(ConfigurationFault) -> any KeyStore in
      guard !path.isEmpty, !path.hasPrefix("//") else {
        throw ConfigurationFault(
          setting: SettingsTable.storeURL.name, value: "sqlite:\(path)",
          problem: "there is no path after sqlite:",
          remedy:
            "Write sqlite:PATH, such as sqlite:cardea.sqlite3."
        )
      }
      return SQLiteStore(path: path)
    })

  private static func postgres(_ name: String) -> StoreScheme {
    StoreScheme(
      name, form: "postgres://USER@HOST/DATABASE",
      make: { (rest: String) throws(ConfigurationFault) -> any KeyStore in
        try PostgreSQLStore(url: "\(name):\(rest)")
      })
  }

  private static let memory = StoreScheme(
    "memory", form: "memory:", presence: { _ in .volatile },
    make: { (rest: String) throws(ConfigurationFault) -> any KeyStore in
      guard rest.isEmpty else {
        throw ConfigurationFault(
          setting: SettingsTable.storeURL.name, value: "memory:\(rest)",
          problem: "nothing may follow memory:", remedy: "Write memory:")
      }
      return MemoryStore()
    })
}
