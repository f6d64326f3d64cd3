/// A store that takes many changes faster together than one by one: imports and bulk operations use it.
public protocol BulkKeyStore: KeyStore {
  /// Applies the changes in order, in as few transactions as it can. Each is done wholly, with its log entries, or
  /// not at all, whatever becomes of the others.
  /// - Returns: for each change what `commit` of it alone would have given.
  func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>]
}
