/// Bytes that must not leak: a token, or the random part of one.
///
/// It is not `Codable`, so a signal, an audit row or a response that holds one does not compile; printing
/// it prints `<secret>`; comparing takes the same time wherever the bytes differ; the memory is wiped
/// when the last reference goes. The one way out as text is ``reveal()``.
///
/// Threading: immutable, may be shared between threads.
// @unchecked: the buffer is written in `init` and wiped in `deinit` only.
public final class Secret: @unchecked Sendable {
  private let buffer: UnsafeMutableRawBufferPointer

  /// A copy of `bytes`.
  public init(_ bytes: some Collection<UInt8>) {
    buffer = .allocate(byteCount: bytes.count, alignment: 1)
    buffer.copyBytes(from: bytes)
  }

  deinit {
    buffer.wipe()
    buffer.deallocate()
  }

  /// The number of bytes.
  public var count: Int { buffer.count }

  /// The bytes, for the time of `body`. Copy nothing out of it that outlives the call.
  public func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(Span(_bytes: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer))))
  }

  /// The bytes as a buffer for a C function, for the time of `body`.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(buffer))
  }

  /// The secret as text. The name is a warning: whoever calls it answers for where the text goes.
  public func reveal() -> String { String(decoding: buffer, as: UTF8.self) }

  /// A secret of its own with a part of these bytes.
  public func part(_ range: Range<Int>) -> Secret { Secret(buffer[range]) }

  /// Whether both hold the same bytes. Constant time for a given length.
  public static func == (left: Secret, right: Secret) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<left.count { difference |= left.buffer[index] ^ right.buffer[index] }
    return difference == 0
  }
}

extension Secret: Equatable {}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<secret>" }
  public var debugDescription: String { "<secret>" }
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
