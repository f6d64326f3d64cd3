/// Something about the nodes of a store that an operator should put right. No warning makes a node less ready, and
/// none lets anybody in.
public enum NodeWarning: Sendable, Equatable {
  /// This machine's clock is so far ahead of the store's; behind it, if negative.
  case clockApart(Duration)
  /// The time that this process goes by is so far ahead of the store's clock, or of this machine's where the store has
  /// none: the log knew a later time already, or the clock was set back.
  case timeAhead(Duration)
  /// What the store has to say of itself (``ManyNodeStore/cautions``).
  case store(String)
  /// So many living nodes carry one name, so that receipts can't tell them apart.
  case sameName(String, count: Int)
  /// A living node runs another version than this one.
  case otherVersion(node: String, version: String, own: String)

  /// A clock that is further apart is warned of.
  public static let mostApart = Duration.seconds(5)

  /// Stable, for programs.
  public var code: String {
    switch self {
    case .clockApart: "clock_apart"
    case .timeAhead: "time_ahead"
    case .store: "store_caution"
    case .sameName: "node_name_twice"
    case .otherVersion: "node_version"
    }
  }

  /// For anybody who may ask whether the node is ready: names neither nodes nor versions, nor what stands between double
  /// quotes in what the store says.
  public var summary: String {
    switch self {
    case .clockApart, .timeAhead: detail
    case .store(let caution): NodeWarning.withoutNames(caution)
    case .sameName(_, let count): "\(count) nodes carry one name"
    case .otherVersion: "a node runs another version"
    }
  }

  /// For operators: with the remedy.
  public var detail: String {
    switch self {
    case .clockApart(let ahead):
      "this machine's clock is \(NodeWarning.text(ahead)) "
        + "\(ahead > .zero ? "ahead of" : "behind") the store's. Set it by NTP"
    case .timeAhead(let ahead):
      "the clock is \(NodeWarning.text(ahead)) behind a time that the log or this process has seen. Nothing is "
        + "allowed again that had ended, so time goes on from there, a twelfth slower, and keys end too early meanwhile. "
        + "Set the clock if it is wrong; if it is right, and was wrong before, a backup from before that has the right time"
    case .store(let caution): caution
    case .sameName(let name, let count):
      "\(count) living nodes carry the name \(name). Give each a node.name of its own"
    case .otherVersion(let node, let version, let own):
      "the node \(node) runs version \(version), this one \(own). Bring both to one version"
    }
  }

  /// What makes it the same warning as before, however its measure moves.
  package var identity: String {
    switch self {
    case .clockApart(let ahead): ahead > .zero ? "\(code) ahead" : "\(code) behind"
    case .timeAhead: code
    default: "\(code) \(detail)"
    }
  }

  private static func withoutNames(_ text: String) -> String {
    text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .map { $0.offset % 2 == 0 ? $0.element : "…" }.joined(separator: "\"")
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = abs(duration.components.seconds)
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7_200 { return "\(seconds / 60) min" }
    return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
  }
}
