import CardeaContracts
import Foundation
import Synchronization

/// Session tokens of 256 random bits, of which this process remembers the digests.
public final class TicketSessions: SessionIssuer {
  public let id = "sessions.tickets"
  public let lifetime = Duration.seconds(300)
  public let extractors: [any CredentialExtractor] = [CredentialsHeaderExtractor()]
  private let primitives: any Primitives
  private let open = Mutex<[[UInt8]: SessionFacts]>([:])

  public init(primitives: any Primitives) { self.primitives = primitives }

  public func recognizes(_ token: Span<UInt8>) -> Bool {
    token.count == 48 && token[0] == UInt8(ascii: "t") && token[3] == UInt8(ascii: ".")
  }

  public func issue(_ request: SessionRequest) throws(SessionError) -> Secret {
    let bits = Data(primitives.randomBytes(32)).base64EncodedString()
    let token = Secret(Array("tkt.\(bits)".utf8))
    let (digest, session) = (digest(token), request.session)
    let hasRoom = open.withLock { open in
      if open.count >= 10_000 {
        open = open.filter { $0.value.expiresAt > session.issuedAt }
      }
      if open.count >= 10_000 { return false }
      open[digest] = session
      return true
    }
    guard hasRoom else { throw .full }
    return token
  }

  public func read(_ token: Secret, at now: Timestamp) throws(SessionRefusal) -> SessionFacts {
    let digest = digest(token)
    guard let session = open.withLock({ $0[digest] }) else { throw .unknown }
    guard now < session.expiresAt else { throw .expired }
    return session
  }

  public func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal? {
    if now >= session.expiresAt { return .expired }
    return open.withLock { $0.values.contains { $0.id == session.id } } ? nil : .ended
  }

  public func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError) {
    open.withLock { open in open = open.filter { $0.value.id != session.id } }
  }

  private func digest(_ token: Secret) -> [UInt8] {
    primitives.sha256(token.withUnsafeBytes { Array($0) }).bytes
  }
}
