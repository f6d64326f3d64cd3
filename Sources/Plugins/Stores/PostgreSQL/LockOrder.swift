import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Takes the rows' locks that changes need before the first of them is made: owners by id, then keys by prefix. Every
/// node takes them in this order, so that no two transactions wait for each other.
enum LockOrder {
  static func statements(for changes: [StoreChange]) -> [Statement] {
    var owners: Set<UUID> = []
    var prefixes: Set<String> = []
    for change in changes {
      if case .replace(let owner, _) = change.owner { owners.insert(owner.id) }
      if let key = change.key?.record {
        if let ownerID = key.ownerID { owners.insert(ownerID) }
        if case .replace = change.key { prefixes.insert(key.prefix) }
      }
      if let rehash = change.rehash { prefixes.insert(rehash.prefix) }
    }
    var statements: [Statement] = []
    let changed = List(prefixes)
    // A key that changes hands or stops counting changes its former owner too. One list of both: for an OR of two
    // conditions the server reads the whole table.
    if !owners.isEmpty || !prefixes.isEmpty {
      statements.append(
        Statement(
          """
          SELECT 1 FROM cardea.owners WHERE id = ANY ($1 || ARRAY (
            SELECT owner_id FROM cardea.keys WHERE prefix = ANY ($2) AND owner_id IS NOT NULL))
          ORDER BY id FOR NO KEY UPDATE
          """, [List(owners), changed]))
    }
    if !prefixes.isEmpty { statements.append(keys(changed)) }
    return statements
  }

  /// Of keys alone, as usage needs them.
  static func keys(_ prefixes: List<String>) -> Statement {
    Statement(
      "SELECT 1 FROM cardea.keys WHERE prefix = ANY ($1) ORDER BY prefix FOR NO KEY UPDATE",
      [prefixes])
  }
}
