import CardeaContracts
import CardeaFormats

extension TokenRedaction {
  private static let formats: [any TokenFormat] = [
    KeysmithFormat(), UnderscoreFormat(), DottedFormat(),
  ]

  /// For what was given as the name of a key.
  static let ofReferences = TokenRedaction(formats)

  /// For what the program says, where a name with a dot is more usual than a dotted token.
  static let ofNotes = TokenRedaction(formats, unchecked: .tokenIfRandom)
}
