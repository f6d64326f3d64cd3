/// Why a session token is refused. Strangers don't get to see which.
public enum SessionRefusal: String, Error, Sendable, CaseIterable {
  /// Not one of ours as we write it: another encoding, a member twice or unknown.
  case malformed
  /// Signed by another algorithm, or by none.
  case algorithm
  /// Another type of token.
  case type
  /// Signed with a key that is not, or no longer, ours.
  case key
  case signature, issuer, audience
  case expired
  /// Logged out, or its key's secret is gone.
  case ended
  /// No session of this node.
  case unknown
}
