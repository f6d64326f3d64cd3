import ArgumentParser
import CardeaContracts

/// One key by id or prefix, or every key that filters find.
struct KeySelection: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The key's id or prefix, such as tok_ab12CD34. Without it, filters say which keys.",
      valueName: "key"))
  var key: String?

  @OptionGroup(title: "Many keys at once") var filter: KeyFilter

  func validate() throws {
    if let key {
      try KeyReference.validate(key)
      if !filter.isEmpty { throw ValidationError("name one key or give filters, not both") }
    } else if filter.isEmpty {
      throw ValidationError("name a key, or say which keys: --owner, --unused-since, …")
    }
  }
}
