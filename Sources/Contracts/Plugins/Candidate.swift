/// What an extractor found, in a fixed buffer, so extraction allocates nothing: up to 512 bytes of an API key,
/// up to 4,096 of a session token.
public struct Candidate: ~Copyable {
  /// Longest token of a key that is taken, in bytes.
  public static let capacity = 512

  private let buffer: UnsafeMutableRawBufferPointer
  private(set) var count = -1

  /// The kernel lends a buffer, of ``capacity`` bytes for a key, for the time of one extraction.
  package init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

  /// Takes `value`: visible ASCII without a comma, as long as fits. An empty value counts as none found.
  public mutating func set(_ value: String) throws(ExtractionRefusal) {
    try hold(value.utf8.withContiguousStorageIfAvailable { fill($0) } ?? fill(Array(value.utf8)))
  }

  /// Takes a part of a string under the same rules.
  public mutating func set(_ value: Substring) throws(ExtractionRefusal) {
    try hold(value.utf8.withContiguousStorageIfAvailable { fill($0) } ?? fill(Array(value.utf8)))
  }

  /// Takes these bytes under the same rules.
  public mutating func set(bytes: some Sequence<UInt8>) throws(ExtractionRefusal) {
    try hold(
      bytes.withContiguousStorageIfAvailable { fill($0) }
        ?? fill(Array(bytes.prefix(buffer.count + 1))))
  }

  private mutating func hold(
    _ filled: Result<Int, ExtractionRefusal>
  ) throws(ExtractionRefusal) {
    guard isEmpty else { throw .repeated }
    let length = try filled.get()
    if length > 0 { count = length }
  }

  private func fill(_ bytes: [UInt8]) -> Result<Int, ExtractionRefusal> {
    bytes.withUnsafeBufferPointer { fill($0) }
  }

  /// Copies the bytes unless one of them is no part of a token.
  private func fill(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<Int, ExtractionRefusal> {
    guard isEmpty else { return .failure(.repeated) }
    guard bytes.count <= buffer.count else { return .failure(.tooLong) }
    let marks = VisibleASCII(UnsafeRawBufferPointer(bytes))
    // A comma first: `a, b` is what a proxy makes of a field that was sent twice.
    if marks.holdsComma { return .failure(.repeated) }
    if marks.holdsOther { return .failure(.notASCII) }
    buffer.copyMemory(from: UnsafeRawBufferPointer(bytes))
    return .success(bytes.count)
  }

  package var isEmpty: Bool { count < 0 }

  package mutating func clear() { count = -1 }

  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer[0..<max(count, 0)])
  }
}

extension CredentialExtractor {
  /// What this extractor finds in `request`, on a buffer of the call's own: for session tokens, for authors who
  /// test their extractor, and for hosts that want a token without a verdict. It takes at most `capacity` bytes.
  /// - Returns: the token, or `nil` if there is none.
  public func token(
    in request: borrowing some RequestView, capacity: Int = Candidate.capacity
  ) throws(ExtractionRefusal) -> Secret? {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(0, capacity), alignment: 1)
    defer { buffer.deallocate() }
    var candidate = Candidate(buffer)
    // What it does not hold was never written.
    defer { UnsafeMutableRawBufferPointer(mutating: candidate.bytes).wipe() }
    try extract(from: request, into: &candidate)
    return candidate.isEmpty ? nil : Secret(candidate.bytes)
  }
}
