/// The scopes that a key holds: names of printable ASCII without spaces, sorted, each once.
///
/// `resource:action` is a convention on top, in which `*` stands for a whole segment: `orders:*` grants
/// `orders:read`. `*` never grants a `cardea:` scope, and `cardea:admin` grants everything. An empty set
/// grants nothing.
public struct ScopeSet: Sendable, Hashable, ExpressibleByArrayLiteral {
  /// Sorted, without repetition.
  public let names: [String]
  /// Whether `cardea:admin` is among them.
  public let isAdmin: Bool

  /// The scope that implies every other.
  public static let admin = "cardea:admin"

  public init(_ names: some Sequence<String>) {
    self.names = Set(names).sorted()
    isAdmin = self.names.contains(ScopeSet.admin)
  }

  public init(arrayLiteral elements: String...) { self.init(elements) }

  public var isEmpty: Bool { names.isEmpty }

  /// Whether `name` may be a scope: 1 to 128 bytes of printable ASCII without space.
  public static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    return (1...128).contains(bytes.count) && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }

  /// Whether this set grants `scope`.
  public func grants(_ scope: String) -> Bool {
    if isAdmin { return true }
    return names.contains { ScopeSet.matches(pattern: $0, scope: scope) }
  }

  /// Whether everything that `other` grants is granted by this set too.
  public func covers(_ other: ScopeSet) -> Bool {
    isAdmin || (!other.isAdmin && other.names.allSatisfy { grants($0) })
  }

  /// What both grant: the names of each that the other grants. Of two patterns that only overlap nothing is
  /// granted: never more than either, perhaps less than both.
  public func intersection(_ other: ScopeSet) -> ScopeSet {
    ScopeSet(names.filter { other.grants($0) } + other.names.filter { grants($0) })
  }

  private static func matches(pattern: String, scope: String) -> Bool {
    if pattern.utf8.elementsEqual(scope.utf8) { return true }
    guard pattern.utf8.contains(UInt8(ascii: "*")), !scope.utf8.starts(with: "cardea:".utf8) else {
      return false
    }
    var wanted = scope.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)[
      ...]
    var given = pattern.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)[
      ...]
    while let part = given.popFirst() {
      guard let segment = wanted.popFirst() else { return false }
      let isStar = part.elementsEqual("*".utf8)
      guard isStar || part.elementsEqual(segment) else { return false }
      if isStar, given.isEmpty { return true }
    }
    return wanted.isEmpty
  }
}

extension ScopeSet: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(names)
  }
}
