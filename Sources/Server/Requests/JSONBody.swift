import CardeaContracts
import CardeaHTTPTypes

/// A body as it came, not yet looked at.
struct JSONBody: Sendable {
  let type: FieldValue
  let bytes: [UInt8]
  /// What the route takes.
  let takes: RouteInput.Body?

  /// The members of the JSON object in it; one that the route does not take is refused.
  func fields() throws(Problem) -> BodyFields {
    if takes?.isOptional ?? true, bytes.isEmpty { return .none }
    guard case .one(let value) = type, MediaTypeName(value) == .json else { throw .mediaType }
    return try BodyFields(bytes, known: takes?.names ?? [])
  }
}
