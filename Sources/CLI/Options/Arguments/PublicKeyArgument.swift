import ArgumentParser
import CardeaContracts

/// An Ed25519 public key as 64 hexadecimal digits.
struct PublicKeyArgument: ExpressibleByArgument, Sendable {
  let value: Ed25519.PublicKey

  init?(argument: String) {
    guard let value = Hex.bytes(argument).flatMap({ Ed25519.PublicKey($0) }) else { return nil }
    self.value = value
  }
}
