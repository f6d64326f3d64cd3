import CardeaContracts
import CardeaPluginTestKit

func secret(_ text: String) -> Secret { Secret(text.utf8) }

func hash(_ hasher: some SecretHasher, _ text: String) throws -> EncodedHash {
  try hasher.hash(HashRequest(secret: secret(text), primitives: SamplePrimitives()))
}

func verify(_ hasher: some SecretHasher, _ text: String, _ encoded: String) throws -> Bool {
  try hasher.verify(VerifyRequest(secret: secret(text), hash: EncodedHash(encoded)))
}

/// Lower-case hexadecimal, as published vectors are written.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// The bytes of a published vector.
func bytes(hex text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}
