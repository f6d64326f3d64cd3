import CardeaContracts

/// The first key of a store, with which every other can be made.
enum AdminKey {
  static func new(name: String) -> NewKey {
    var key = NewKey(name: name)
    key.description = "Admin key made on the machine itself."
    key.scopes = [ScopeSet.admin]
    key.expiry = .never
    return key
  }
}
