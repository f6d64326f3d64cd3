#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// Session tokens on their way into the pipeline: found where no API key was, read into the secret row that
// they stand for, and from there on judged like a key.

extension AuthKernel {
  /// The session tokens in a request, each once and by shape only, or that what stands in their place is none.
  func sessionTokens(
    in request: some RequestView, _ sessions: any SessionIssuer
  ) throws(ExtractionRefusal) -> (tokens: [Secret], setAside: Bool) {
    var tokens: [Secret] = []
    var setAside = false
    for extractor in sessions.extractors {
      do throws(ExtractionRefusal) {
        let found = try extractor.token(in: request, capacity: SessionFacts.tokenCapacity)
        guard let found else { continue }
        if !found.withBytes({ sessions.recognizes($0) }) {
          setAside = true
        } else if !tokens.contains(found) {
          tokens.append(found)
        }
      } catch .tooLong {
        setAside = true
      }
    }
    return (tokens, setAside)
  }

  /// Whether a token that was handed over by itself is a session's.
  package func isSession(_ token: Secret) -> Bool {
    guard let sessions, token.count <= SessionFacts.tokenCapacity else { return false }
    return token.withBytes { sessions.recognizes($0) }
  }

  func digest(of token: Secret) -> Digest128 {
    token.withUnsafeBytes { primitives.keyedDigest($0) }
  }

  /// The one of these tokens that stands for a session. That another has the shape of one is no conflict: a
  /// user's own JWT may stand beside it.
  package func presentedSession(_ tokens: [Secret]) -> Result<PresentedToken, Denial> {
    guard let sessions else { return .failure(Denial(.malformed)) }
    var found: PresentedToken?
    var refusal: SessionRefusal?
    for token in tokens {
      let digest = digest(of: token)
      do throws(SessionRefusal) {
        // What was read before is good for as long as it is remembered: a signature is checked once.
        var session = cache.find(digest)?.session
        if session == nil { session = try sessions.read(token, at: time.now()) }
        guard let session else { continue }
        if found != nil { return .failure(Denial(.ambiguous)) }
        found = PresentedToken(token, digest: digest, session: session)
      } catch {
        refusal = refusal ?? error
      }
    }
    if let found { return .success(found) }
    return .failure(Denial(refusal?.reason ?? .malformed))
  }
}

extension SessionRefusal {
  package var reason: Denial.Reason {
    switch self {
    case .malformed: .sessionMalformed
    case .algorithm: .sessionAlgorithm
    case .type: .sessionType
    case .key: .sessionKey
    case .signature: .sessionSignature
    case .issuer: .sessionIssuer
    case .audience: .sessionAudience
    case .expired: .sessionExpired
    case .ended: .sessionEnded
    case .unknown: .sessionUnknown
    }
  }
}
