import Cardea
import Foundation

extension KeyRevoked {
  /// A signal to publish.
  package static let sample: KeyRevoked = {
    let key = KeyRecord(
      id: UUID(), prefix: "tok_ab12CD34", name: "bench", format: "keysmith",
      createdAt: Timestamp(milliseconds: 0), createdBy: "bench", secrets: [])
    return KeyRevoked(
      at: key.createdAt, actor: "bench", key: KeyFacts(StoredKey(key: key), at: key.createdAt))
  }()
}
