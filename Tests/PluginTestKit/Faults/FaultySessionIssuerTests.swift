import Cardea
import CardeaPluginTestKit
import Testing

@Suite struct FaultySessionIssuerTests {
  @Test(arguments: FaultySessions.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultySessions.Fault) async {
    let promises = SessionIssuerPromises { try FaultySessions(fault: fault) }.all
    #expect(await broken(promises) == fault.breaks)
  }
}

/// JWTs, with one thing wrong.
struct FaultySessions: SessionIssuer {
  enum Fault: PlantedFault {
    case trims, readsExpired, staysOpen, neverEnds, endsAll, recognizesAll, dropsScopes, breaksLines

    var breaks: Set<String> {
      switch self {
      case .trims: ["refuses every token with one character changed, added or missing"]
      case .readsExpired, .staysOpen: ["refuses a session from its expiry on"]
      case .neverEnds, .endsAll: ["refuses a session once it was ended, and no other"]
      case .recognizesAll: ["does not recognize the tokens of keys"]
      case .dropsScopes: ["reads back the session of a token"]
      // The kit adds a space to a token, and this one takes white space at its end.
      case .breaksLines:
        [
          "issues visible ASCII without a comma, at most 4096 bytes, each token once",
          "refuses every token with one character changed, added or missing",
        ]
      }
    }
  }

  let id = "sessions.faulty"
  let lifetime = Duration.seconds(300)
  let extractors: [any CredentialExtractor] = []
  private let fault: Fault
  private let base: JWTSessions
  private let ended = Locked(false)

  init(fault: Fault) throws {
    self.fault = fault
    base = try JWTSessions(
      lifetime: .seconds(300), extractors: [], primitives: try SodiumPrimitives())
  }

  func recognizes(_ token: Span<UInt8>) -> Bool {
    fault == .recognizesAll || base.recognizes(token)
  }

  func issue(_ request: SessionRequest) throws(SessionError) -> Secret {
    let token = try base.issue(request)
    return fault == .breaksLines ? Secret(Array((token.reveal() + "\n").utf8)) : token
  }

  func read(_ token: Secret, at now: Timestamp) throws(SessionRefusal) -> SessionFacts {
    if fault == .endsAll, ended.withLock({ $0 }) { throw .ended }
    var text = token.reveal()
    if fault == .trims || fault == .breaksLines {
      while text.last?.isWhitespace ?? false { text.removeLast() }
    }
    let time = fault == .readsExpired ? min(now, Timestamp(milliseconds: 1_795_219_260_000)) : now
    let session = try base.read(Secret(Array(text.utf8)), at: time)
    guard fault == .dropsScopes else { return session }
    return SessionFacts(
      id: session.id, keyID: session.keyID, prefix: session.prefix, secretID: session.secretID,
      scopes: [], issuedAt: session.issuedAt, expiresAt: session.expiresAt)
  }

  func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal? {
    fault == .staysOpen && now >= session.expiresAt ? nil : base.refusal(of: session, at: now)
  }

  func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError) {
    ended.withLock { $0 = true }
    if fault != .neverEnds { try base.end(session, at: now) }
  }
}
