import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Session tokens that say nothing by themselves: `ses.<id>.<secret>`, 256 random bits.
///
/// They live in this process's memory, so that using one writes to no store: they end with the process, and
/// another node does not know them. With `slides`, each use moves the end to a lifetime from then, up to
/// `longest` after the beginning.
///
/// Threading: any thread.
public struct OpaqueSessions: SessionIssuer {
  public let id = "sessions.opaque"
  public let lifetime: Duration
  public let extractors: [any CredentialExtractor]
  private let slides: Bool
  private let longest: Duration
  private let primitives: any Primitives
  private let open: SessionTable<Opened>

  private struct Opened: Sendable {
    let session: SessionFacts
    /// SHA-256 of the token's secret.
    let digest: Digest256
  }

  private static let name = Array("ses.".utf8)
  /// 16 and 32 bytes as base64url.
  private static let idLength = 22
  private static let secretLength = 43

  /// - Parameters:
  ///   - lifetime: how long a session lives; if it slides, without being used.
  ///   - slides: whether a use moves the end.
  ///   - longest: how long a session that slides may live altogether.
  ///   - entries: how many sessions are held at most, of one key at most a quarter of them.
  ///   - extractors: where requests carry session tokens.
  public init(
    lifetime: Duration, slides: Bool = false, longest: Duration = .seconds(43_200),
    entries: Int = 100_000, extractors: [any CredentialExtractor], primitives: any Primitives
  ) {
    self.lifetime = lifetime
    self.slides = slides
    self.longest = longest
    self.extractors = extractors
    self.primitives = primitives
    open = SessionTable(capacity: entries)
  }

  public func recognizes(_ token: Span<UInt8>) -> Bool {
    let dot = OpaqueSessions.name.count + OpaqueSessions.idLength
    guard token.count == dot + 1 + OpaqueSessions.secretLength,
      token[dot] == UInt8(ascii: ".")
    else { return false }
    return OpaqueSessions.name.indices.allSatisfy { token[$0] == OpaqueSessions.name[$0] }
  }

  public func issue(_ request: SessionRequest) throws(SessionError) -> Secret {
    var secret = primitives.randomBytes(32)
    defer { secret.wipe() }
    let session = request.session
    let opened = Opened(session: session, digest: primitives.sha256(secret))
    guard open.insert(session, until: session.expiresAt, opened, at: session.issuedAt) else {
      throw .full
    }
    let id = withUnsafeBytes(of: session.id.uuid) { Base64.encodeURL($0) }
    return Secret(Array("ses.\(id).\(Base64.encodeURL(secret))".utf8))
  }

  public func read(
    _ token: Secret, at now: Timestamp
  ) throws(SessionRefusal) -> SessionFacts {
    let bytes = token.withUnsafeBytes { Array($0) }
    let idStart = OpaqueSessions.name.count
    let idEnd = idStart + OpaqueSessions.idLength
    guard token.withBytes({ recognizes($0) }), let id = UUID(base64URL: bytes[idStart..<idEnd]),
      let secret = Base64.decodeURL(bytes[(idEnd + 1)...])
    else { throw .malformed }
    guard let (opened, until) = open.find(id),
      primitives.equal(opened.digest.bytes, primitives.sha256(secret).bytes)
    else { throw .unknown }
    guard now < until else { throw .expired }
    return opened.session
  }

  public func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal? {
    guard let (_, until) = open.find(session.id) else {
      return now < session.expiresAt ? .ended : .expired
    }
    return now < until ? nil : .expired
  }

  public func noteUse(of session: SessionFacts, at now: Timestamp) {
    guard slides, let end = session.issuedAt.adding(longest), let next = now.adding(lifetime)
    else { return }
    open.extend(session.id, until: min(next, end))
  }

  public func end(_ session: SessionFacts, at now: Timestamp) { open.remove(session.id) }
}

extension UUID {
  /// The id that 22 digits of base64url stand for.
  fileprivate init?(base64URL text: some Collection<UInt8>) {
    guard let bytes = Base64.decodeURL(text), bytes.count == 16 else { return nil }
    self.init(
      uuid: (
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8],
        bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
      ))
  }
}
