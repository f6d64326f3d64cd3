import ArgumentParser
import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A whole number on the command line, with the one spelling that settings have too.
struct WholeNumber: ExpressibleByArgument, Sendable {
  let value: Int

  init?(argument: String) {
    guard let value = IntegerText.parse(argument) else { return nil }
    self.value = value
  }
}

/// `500ms`, `30s`, `10m`, `12h`, `90d`, `never`.
struct DurationArgument: ExpressibleByArgument, Sendable {
  let value: DurationText

  init?(argument: String) {
    guard let value = DurationText(argument) else { return nil }
    self.value = value
  }
}

/// A moment as RFC 3339 writes it.
struct TimestampArgument: ExpressibleByArgument, Sendable {
  let value: Timestamp

  init?(argument: String) {
    // A date alone is its first moment.
    guard
      let value = Timestamp(rfc3339: argument) ?? Timestamp(rfc3339: "\(argument)T00:00:00Z")
    else { return nil }
    self.value = value
  }
}

/// An IP address.
struct AddressArgument: ExpressibleByArgument, Sendable {
  let value: IPAddress

  init?(argument: String) {
    guard let value = IPAddress(argument) else { return nil }
    self.value = value
  }
}

/// A JSON object.
struct MetadataArgument: ExpressibleByArgument, Sendable {
  let value: [String: JSONValue]

  init?(argument: String) {
    guard
      let value = try? JSONDecoder().decode(
        [String: JSONValue].self, from: Data(argument.utf8))
    else { return nil }
    self.value = value
  }
}

/// A page's cursor: the id of the last item of the page before.
struct CursorArgument: ExpressibleByArgument, Sendable {
  let value: UUID

  init?(argument: String) {
    guard let value = UUID(uuidString: argument) else { return nil }
    self.value = value
  }
}

/// Where a page of keys ended.
struct KeyCursorArgument: ExpressibleByArgument, Sendable {
  let value: KeyCursor

  init?(argument: String) {
    guard let value = KeyCursor(argument) else { return nil }
    self.value = value
  }
}

extension KeyRecord.Kind: ExpressibleByArgument {}
extension KeySort: ExpressibleByArgument {}
extension KeyState: ExpressibleByArgument {}
extension OwnerRecord.Kind: ExpressibleByArgument {}
