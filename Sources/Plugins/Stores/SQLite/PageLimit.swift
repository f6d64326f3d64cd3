import CardeaContracts

extension SQLiteStore {
  /// Caps the file's size in pages (`PRAGMA max_page_count`), so that tests can fill a "disk" and make room
  /// again. SQLite does not go below the present size.
  package func limitPages(to pages: Int) throws(StoreError) {
    try parts().writer.limitPages(to: pages)
  }
}
