#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How a token's bytes and its key's prefix belong together, so that a remembered token can be checked
/// against what was sent without parsing it again.
@usableFromInline package enum TokenNaming: Sendable {
  /// The token's bytes hold the prefix but for its first so many bytes; they begin with the rest.
  case begins(omitting: Int)
  case digest(namespace: String)

  package init(_ prefix: ParsedToken.Prefix) {
    switch prefix {
    case .part: self = .begins(omitting: 0)
    case .beginning(_, let namespace): self = .begins(omitting: namespace.utf8.count + 1)
    case .digest(let namespace): self = .digest(namespace: namespace)
    }
  }

  /// Whether these bytes name the key of that prefix.
  @inlinable
  @inline(__always)
  func holds(
    _ token: UnsafeRawBufferPointer, prefix: String, _ primitives: any Primitives
  ) -> Bool {
    switch self {
    case .begins(let omitted):
      return prefix.utf8.withContiguousStorageIfAvailable { prefix in
        let length = prefix.count &- omitted
        guard length > 0, length < token.count, let start = token.baseAddress,
          let named = prefix.baseAddress
        else { return false }
        // A prefix is public: how long it takes may tell where they differ.
        return memcmp(start, named + omitted, length) == 0
      } ?? false
    case .digest(let namespace):
      return prefix.utf8.elementsEqual(
        ParsedToken.digestPrefix(of: token, namespace: namespace, primitives).utf8)
    }
  }
}
