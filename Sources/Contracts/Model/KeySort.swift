/// In which order keys are listed. The raw values are names on the wire: `-` turns an order round.
///
/// Keys that are alike in it follow one another by id, in the same direction. Other fields have no order: an
/// index on the last use would make every use of a key cost twice as much to write down.
public enum KeySort: String, Sendable, CaseIterable {
  /// By id, which is by creation.
  case oldest = "created"
  case newest = "-created"
  /// By the bytes of the name, its ASCII letters taken as small ones.
  case name
  case nameDescending = "-name"
  /// Keys that never expire come last, in either direction.
  case expiry = "expires"
  case expiryDescending = "-expires"

  /// Whether the greatest comes first.
  public var isDescending: Bool {
    switch self {
    case .newest, .nameDescending, .expiryDescending: true
    case .oldest, .name, .expiry: false
    }
  }

  /// The same the other way round. Keys that never expire are last in it, too.
  package var reversed: KeySort {
    switch self {
    case .oldest: .newest
    case .newest: .oldest
    case .name: .nameDescending
    case .nameDescending: .name
    case .expiry: .expiryDescending
    case .expiryDescending: .expiry
    }
  }
}
