import CardeaHTTPTypes
import CardeaKernel

/// A body as it came, not yet looked at.
struct JSONBody: Sendable {
  let type: FieldValue
  let bytes: [UInt8]

  /// The members of the JSON object in it.
  /// - Parameter optional: whether no body at all is an empty object.
  func fields(_ known: Set<String>, optional: Bool = false) throws(Problem) -> BodyFields {
    if optional, bytes.isEmpty { return .none }
    guard case .one(let value) = type, MediaTypeName(value) == .json else { throw .mediaType }
    return try BodyFields(bytes, known: known)
  }
}
