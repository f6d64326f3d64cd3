/// What Django notes of the migrations that a database has seen.
enum DjangoMigrations {
  /// Fails if the app has seen one that is not known: the tables may mean something else by now. A database
  /// without the table says nothing; its columns are checked anyway.
  static func check(
    _ source: any SourceDatabase, app: String, known: [String]
  ) throws {
    guard try source.has("django_migrations", ["app", "name"]) else { return }
    // The app's name is ours, a constant.
    let rows = try source.rows(
      "SELECT name FROM django_migrations WHERE app = '\(app)' ORDER BY id")
    while let row = try rows.next() {
      let name = try row.text(0, "name")
      guard known.contains(name) else {
        throw CommandFailure.wrongSource(
          source, "it is of a version that is not known here: \(app) has seen the migration \(name)"
        )
      }
    }
  }
}
