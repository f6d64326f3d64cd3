import Cardea
import CardeaContracts

/// Token formats: what parses is of one format only, lies within the bytes, has no second spelling
/// by one changed byte's case, and is visible ASCII.
enum TokenProperties {
  private static let formats: [any TokenFormat] =
    ((try? StandardPlugins().plugins) ?? []).compactMap { $0 as? any TokenFormat }

  static func violation(of bytes: [UInt8]) -> String? {
    // A catch-all is asked for what no other format claims.
    let shaped = formats.filter { !($0 is any CatchAllFormat) && $0.parse(bytes.span) != nil }
    let asked = shaped.isEmpty ? formats : shaped
    let readings = asked.compactMap { format in
      format.parse(bytes.span).map { (format.name, $0) }
    }
    guard let (name, parsed) = readings.first else { return nil }
    if readings.count > 1 { return "\(readings.map(\.0)) claim the same bytes" }
    guard parsed.secret.upperBound <= bytes.count, !parsed.secret.isEmpty, names(parsed, bytes)
    else { return "\(name): the parts lie outside the token" }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      return "\(name): a byte that is no visible ASCII"
    }
    for longer in [bytes + [0], [0] + bytes, bytes + [0x20], bytes + [0x0A]]
    where formats.contains(where: { $0.parse(longer.span) != nil }) {
      return "\(name): a longer spelling of the same token"
    }
    return nil
  }

  /// Whether the token names a key by what lies within it.
  private static func names(_ parsed: ParsedToken, _ bytes: [UInt8]) -> Bool {
    switch parsed.prefix {
    case .part(let range): range.upperBound <= bytes.count && !range.isEmpty
    case .beginning(let end, _): (1..<bytes.count).contains(end)
    case .digest: true
    }
  }
}
