/// A named field of a request: a second one of the same name is never silently dropped.
public enum FieldValue: Sendable, Equatable {
  case absent
  case one(String)
  case repeated
}
