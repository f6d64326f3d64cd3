import CardeaContracts

/// Takes the token from `X-Service-Credentials: key=<token>`.
public struct CredentialsHeaderExtractor: CredentialExtractor {
  public let id = "extractor.credentials_header"

  public init() {}

  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.header("x-service-credentials") {
    case .absent:
      return
    case .repeated:
      throw .repeated
    case .one(let value):
      guard value.utf8.starts(with: "key=".utf8) else { throw .malformed }
      try candidate.set(bytes: value.utf8.dropFirst(4))
    }
  }
}
