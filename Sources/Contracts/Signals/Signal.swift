/// A fact that has happened. Immutable and typed; it never vetoes anything.
///
/// `Encodable`, and ``Secret`` is not: a signal that carries a secret does not compile.
public protocol Signal: Encodable, Sendable {
  /// The wire name: `key_created`. Declared, never derived from the type's name.
  static var name: String { get }
}

/// A signal of the lifecycle: written to the signal log in its change's transaction, published after
/// the commit. It can be read back from there, for durable delivery.
public protocol ChangeSignal: Signal, Decodable {
  /// Its position in the signal log; `nil` until it is committed.
  var position: Int64? { get set }
  var at: Timestamp { get }
  /// Who did it, as ``Actor/description`` writes it.
  var actor: String { get }
}

/// A signal of an authentication.
public protocol AccessSignal: Signal {
  var event: AccessEvent { get }
}

/// Any signal of the catalogue, for listeners that want them all. Encodes as
/// `{"signal": name, …the signal's own fields}`.
public struct AnySignal: Signal {
  public static let name = "*"
  public let base: any Signal

  public init(_ base: any Signal) { self.base = base }

  /// The wire name of the signal inside.
  public var name: String { type(of: base).name }

  private enum CodingKeys: String, CodingKey { case signal }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .signal)
    try base.encode(to: encoder)
  }
}
