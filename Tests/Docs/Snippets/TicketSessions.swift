import CardeaContracts
import Foundation
import Synchronization

/// Session tokens of an id and 256 random bits, of which this process remembers the digests.
public final class TicketSessions: SessionIssuer {
  public let id = "sessions.tickets"
  public let lifetime = Duration.seconds(300)
  public let extractors: [any CredentialExtractor] = [CredentialsHeaderExtractor()]
  private let primitives: any Primitives
  private let open = Mutex<[UUID: (session: SessionFacts, digest: [UInt8])]>([:])

  public init(primitives: any Primitives) { self.primitives = primitives }

  /// `tkt.`, 36 characters of an id, a dot, 44 of base64.
  public func recognizes(_ token: Span<UInt8>) -> Bool {
    token.count == 85 && token[0] == UInt8(ascii: "t") && token[3] == UInt8(ascii: ".")
      && token[40] == UInt8(ascii: ".")
  }

  public func issue(_ request: SessionRequest) throws(SessionError) -> Secret {
    let session = request.session
    let bits = Data(primitives.randomBytes(32)).base64EncodedString()
    let token = Secret(Array("tkt.\(session.id.uuidString).\(bits)".utf8))
    let digest = digest(token)
    let hasRoom = open.withLock { open in
      if open.count >= 10_000 {
        open = open.filter { $0.value.session.expiresAt > session.issuedAt }
      }
      if open.count >= 10_000 { return false }
      open[session.id] = (session, digest)
      return true
    }
    guard hasRoom else { throw .full }
    return token
  }

  public func read(_ token: Secret, at now: Timestamp) throws(SessionRefusal) -> SessionFacts {
    guard token.withBytes({ recognizes($0) }),
      let id = UUID(
        uuidString: token.withUnsafeBytes { String(decoding: $0[4..<40], as: UTF8.self) })
    else { throw .malformed }
    guard let found = open.withLock({ $0[id] }), primitives.equal(found.digest, digest(token))
    else { throw .unknown }
    guard now < found.session.expiresAt else { throw .expired }
    return found.session
  }

  public func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal? {
    if now >= session.expiresAt { return .expired }
    return open.withLock { $0[session.id] } == nil ? .ended : nil
  }

  public func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError) {
    open.withLock { $0[session.id] = nil }
  }

  private func digest(_ token: Secret) -> [UInt8] {
    primitives.sha256(token.withUnsafeBytes { Array($0) }).bytes
  }
}
