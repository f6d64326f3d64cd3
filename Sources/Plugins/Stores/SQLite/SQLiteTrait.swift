#if !SQLite
  #error(
    "CardeaSQLite needs the package trait SQLite and libsqlite3-dev: .package(url: …, traits: [\"SQLite\"])"
  )
#endif
