import CardeaContracts

extension SQLiteStore {
  /// The open database's tables and indexes as SQL, for the check against `schema.sql`.
  package func schema() throws(StoreError) -> String {
    try parts().readers.read { db throws(StoreError) in try Schema.text(db) }
  }
}
