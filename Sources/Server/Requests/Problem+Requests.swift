import CardeaContracts
import CardeaHTTPTypes

extension Problem {
  /// A field of the request that can't be taken.
  static func invalid(_ field: String, _ reason: String) -> Problem {
    Problem(status: 400, code: "invalid", detail: "\(field): \(reason)", field: field)
  }

  /// What a path that leads nowhere, and an id that names nothing, are answered alike.
  static let notFound = Problem(status: 404, code: "not_found")

  static func tooLarge(limit: Int) -> Problem {
    Problem(
      status: 413, code: "body_too_large", detail: "the body may have at most \(limit) bytes")
  }

  static let mediaType = Problem(
    status: 415, code: "unsupported_media_type",
    detail: "the body must be of the type application/json")

  /// Reads the wire name of one of an enumeration's cases.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ field: String, _ text: String
  ) throws(Problem) -> Choice where Choice.RawValue == String {
    for choice in Choice.allCases where choice.rawValue.utf8.elementsEqual(text.utf8) {
      return choice
    }
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw Problem.invalid(field, "must be one of \(names)")
  }

  /// A lifecycle operation that was not done. Reasons that are for operators stay out.
  init(_ error: LifecycleError) {
    switch error {
    case .invalid:
      self.init(status: 400, code: error.code, detail: error.description, field: error.field)
    case .notFound:
      self = .notFound
    case .conflict, .wrongState, .noRotation, .rotationInProgress, .ownerLimit, .ownerDisabled,
      .duplicateOwner, .alreadyDone, .notEmpty:
      self.init(status: 409, code: error.code, detail: error.description, field: error.field)
    case .idempotencyMismatch:
      self.init(status: 422, code: error.code, detail: error.description, field: error.field)
    case .beyondActor, .keyRequired, .sessionRequired:
      self.init(status: 403, code: error.code, detail: error.description)
    case .sessionsOff:
      self = .notFound
    case .overloaded, .sessionLimit:
      self.init(status: 503, code: error.code, detail: error.description)
    case .storeUnavailable:
      self.init(status: 503, code: error.code, detail: "the store can't be used")
    case .failed:
      self.init(status: 500, code: error.code)
    }
  }
}
