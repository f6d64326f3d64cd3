/// What is fuzzed: everything that reads bytes from outside. Each target takes any bytes and says
/// which property they broke, `nil` if none; a trap is a finding too.
///
/// `make fuzz` steers them by coverage (libFuzzer); the suite replays the corpus through them.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case token, request, address, json, text, scope, query, hash, session, plain

  public func violation(of bytes: [UInt8]) -> String? {
    switch self {
    case .token: TokenProperties.violation(of: bytes)
    case .request: RequestProperties.violation(of: bytes)
    case .address: AddressProperties.violation(of: bytes)
    case .json: JSONProperties.violation(of: bytes)
    case .text: TextProperties.violation(of: bytes)
    case .scope: ScopeProperties.violation(of: bytes)
    case .query: QueryProperties.violation(of: bytes)
    case .hash: HashProperties.violation(of: bytes)
    case .session: SessionProperties.violation(of: bytes)
    case .plain: PlainHeadProperties.violation(of: bytes)
    }
  }
}
