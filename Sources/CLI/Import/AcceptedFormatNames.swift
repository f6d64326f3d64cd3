import CardeaContracts

/// The formats that would claim a key in clear before `plain` is asked.
struct AcceptedFormatNames {
  let formats: [any TokenFormat]

  /// Throws if another format claims the key's bytes: it could never be looked up as a plain one.
  func checkUnclaimed(_ key: String) throws(RowFault) {
    let bytes = Array(key.utf8)
    for format in formats where format.parse(bytes.span) != nil {
      guard format is any CatchAllFormat else {
        throw RowFault("the key has the shape of the format \(format.name)")
      }
      return
    }
    throw RowFault("the key has the shape of a JSON Web Token")
  }
}
