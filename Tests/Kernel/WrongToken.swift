import CardeaContracts
import CardeaFormats
import CardeaSodium

/// A well-formed token with a secret of nobody's, under a prefix of somebody's or of nobody's.
func wrongToken(_ prefix: String? = nil) throws -> Secret {
  try KeysmithFormat().build(
    TokenRequest(
      namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
      primitives: SodiumPrimitives())
  ).token
}
