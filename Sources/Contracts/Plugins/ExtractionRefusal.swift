/// Why an extractor refuses a request outright.
public enum ExtractionRefusal: String, Error, Sendable {
  /// The same field twice, or several values in one.
  case repeated
  /// Over 512 bytes.
  case tooLong = "too_long"
  /// A byte that is no visible ASCII.
  case notASCII = "not_ascii"
  /// The scheme is there, but exactly one credential is not.
  case malformed
}
