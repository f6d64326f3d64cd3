import CardeaContracts

/// How the value of an `Authorization` field is taken apart (RFC 9110, section 11.4): a scheme,
/// spaces or tabs, one credential. White space around the whole is ignored. Two fields are refused whatever the
/// schemes: what they hold is unknown, and RFC 9110 allows one only.
enum AuthorizationValue {
  static let field = "authorization"

  /// Finds the one credential of a scheme and hands its bytes to `body`; does nothing if the value
  /// is empty or of another scheme.
  /// - Parameter scheme: in lower case; compared without regard to ASCII case.
  /// - Throws: `.malformed` if the scheme is there but not exactly one credential; what `body` throws.
  @inline(__always)
  static func withCredential(
    scheme: [UInt8], of value: String,
    _ body: (UnsafeBufferPointer<UInt8>) -> Result<Void, ExtractionRefusal>
  ) throws(ExtractionRefusal) {
    func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<Void, ExtractionRefusal> {
      switch credential(scheme: scheme, in: bytes) {
      case .success(nil): .success(())
      case .success(let range?): body(UnsafeBufferPointer(rebasing: bytes[range]))
      case .failure(let refusal): .failure(refusal)
      }
    }
    // A string that is not contiguous came from Objective-C.
    let taken =
      value.utf8.withContiguousStorageIfAvailable(take)
      ?? Array(value.utf8).withUnsafeBufferPointer(take)
    try taken.get()
  }

  /// Where the credential lies; `nil` if the scheme is another.
  private static func credential(
    scheme: [UInt8], in value: UnsafeBufferPointer<UInt8>
  ) -> Result<Range<Int>?, ExtractionRefusal> {
    var end = value.count
    while end > 0, isBlank(value[end - 1]) { end -= 1 }
    var index = 0
    while index < end, isBlank(value[index]) { index += 1 }
    for expected in scheme {
      guard index < end, lowerCased(value[index]) == expected else { return .success(nil) }
      index += 1
    }
    // Nothing but the scheme; an empty scheme matches nothing.
    guard index < end else { return scheme.isEmpty ? .success(nil) : .failure(.malformed) }
    guard isBlank(value[index]) else { return .success(nil) }
    while isBlank(value[index]) { index += 1 }
    for position in index..<end where isBlank(value[position]) { return .failure(.malformed) }
    return .success(index..<end)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func lowerCased(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }
}
