import Cardea
import CardeaKernel

/// Token formats: what parses is of one format only, lies within the bytes, has no second spelling
/// by one changed byte's case, and is visible ASCII.
enum TokenProperties {
  private static let formats: [any TokenFormat] =
    ((try? StandardPlugins().plugins) ?? []).compactMap { $0 as? any TokenFormat }

  static func violation(of bytes: [UInt8]) -> String? {
    let readings = formats.compactMap { format in
      format.parse(bytes.span).map { (format.name, $0) }
    }
    guard let (name, parsed) = readings.first else { return nil }
    if readings.count > 1 { return "\(readings.map(\.0)) claim the same bytes" }
    guard parsed.prefix.upperBound <= bytes.count, parsed.secret.upperBound <= bytes.count,
      !parsed.prefix.isEmpty, !parsed.secret.isEmpty
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
}
