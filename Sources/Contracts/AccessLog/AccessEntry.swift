#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An entry of the access log.
///
/// Each node has a chain of its own: `payloadDigest` = SHA-256(salt ‖ payload), `hash` = SHA-256(previous
/// hash ‖ header ‖ payloadDigest). The header holds no personal data, so erasing payload and salt leaves
/// the chain verifiable.
public struct AccessEntry: Sendable, Equatable {
  /// The node that recorded it; `import:…` of another system's rows.
  public let node: String
  /// From 1, without gaps within the node.
  public let position: Int64
  /// The name of the signal that tells of such an outcome; rows of other systems have names of their own.
  public let action: String
  /// When it was; of a batch, when the last of it was.
  public let at: Timestamp
  /// ``Denial/Reason`` as on the wire; `nil` when allowed.
  public let reason: String?
  /// The HTTP status that the verdict means; 0 where there is none.
  public let status: Int
  /// How many attempts it stands for.
  public let count: Int64
  /// The key that was presented, if it exists.
  public let keyID: UUID?
  /// The prefix that was presented.
  public let prefix: String?
  /// `nil` once the key was purged.
  public let payload: [UInt8]?
  /// `nil` once the key was purged.
  public let salt: [UInt8]?
  /// Stays when the payload goes.
  public let payloadDigest: Digest256
  /// Continues the node's chain.
  public let hash: Digest256
  /// Whether what the store keeps besides, which no hash covers, fits: what it counts by is the payload's, and numbers
  /// of listings rise with positions. Only ``AccessLogStore/accessLog(node:after:limit:)`` looks at numbers.
  public let isConsistent: Bool

  public init(
    node: String, position: Int64, action: String, at: Timestamp, reason: String?, status: Int,
    count: Int64, keyID: UUID?, prefix: String?, payload: [UInt8]?, salt: [UInt8]?,
    payloadDigest: Digest256, hash: Digest256, isConsistent: Bool = true
  ) {
    self.node = node
    self.position = position
    self.action = action
    self.at = at
    self.reason = reason
    self.status = status
    self.count = count
    self.keyID = keyID
    self.prefix = prefix
    self.payload = payload
    self.salt = salt
    self.payloadDigest = payloadDigest
    self.hash = hash
    self.isConsistent = isConsistent
  }

  /// The same without payload and salt.
  public var erased: AccessEntry {
    AccessEntry(
      node: node, position: position, action: action, at: at, reason: reason, status: status,
      count: count, keyID: keyID, prefix: prefix, payload: nil, salt: nil,
      payloadDigest: payloadDigest, hash: hash)
  }
}
