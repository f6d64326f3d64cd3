/// Parses and builds tokens.
///
/// Promises: no I/O; exactly one accepted spelling per token; what `build` makes, `parse` reads back; at
/// most one accepted format claims a byte string; any other byte string is `nil`, never a trap.
///
/// Threading: synchronous, from any thread.
public protocol TokenFormat: Plugin {
  /// What a key remembers and settings name: `keysmith`.
  var name: String { get }
  /// The parts of a token, or `nil` if these bytes are none of this format's (checksum included).
  func parse(_ token: Span<UInt8>) -> ParsedToken?
  /// A fresh token, or one under an existing prefix.
  func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken
}

extension TokenFormat {
  public func register(in registry: inout Registry) { registry.add(format: self) }
}
