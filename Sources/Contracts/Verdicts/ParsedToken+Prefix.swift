extension ParsedToken {
  /// The key's prefix; `nil` if it is no UTF-8.
  package func prefix(
    of token: UnsafeRawBufferPointer, _ primitives: any Primitives
  ) -> String? {
    switch prefix {
    case .part(let range): String(validating: token[range], as: UTF8.self)
    case .beginning(let end, let namespace):
      String(validating: token[..<end], as: UTF8.self).map { "\(namespace)_\($0)" }
    case .digest(let namespace):
      ParsedToken.digestPrefix(of: token, namespace: namespace, primitives)
    }
  }

  /// `<namespace>_` and the first 32 hexadecimal digits of the token's SHA-256.
  @usableFromInline package static func digestPrefix(
    of token: UnsafeRawBufferPointer, namespace: String, _ primitives: any Primitives
  ) -> String {
    "\(namespace)_\(Hex.text(primitives.sha256(Array(token)).bytes.prefix(16)))"
  }

  /// Whether every part lies within a token of that many bytes, and there is something to hash.
  package func fits(_ count: Int) -> Bool {
    let whole = 0..<count
    guard secret.clamped(to: whole) == secret, !secret.isEmpty else { return false }
    switch prefix {
    case .part(let range): return range.clamped(to: whole) == range
    case .beginning(let end, _): return (1..<count).contains(end)
    case .digest: return true
    }
  }
}
