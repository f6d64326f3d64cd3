/// Finds the known name that somebody most likely meant.
package enum NearestName {
  /// The candidate with the smallest edit distance to `name`; of equals the first. `nil` if none is
  /// near: at most 2 edits, or a third of the name's length if that is more.
  ///
  /// Names are compared by their UTF-8 bytes in lower case. A candidate whose last dotted part is
  /// `name` itself counts as near, so `namespace` at the top of the file finds `token.namespace`.
  package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased().utf8.prefix(200))
    let wantedLast = lastPart(wanted)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let bytes = Array(candidate.lowercased().utf8)
      let whole = distance(wanted, bytes)
      let last = distance(wantedLast, lastPart(bytes)) + 1
      let near = [
        whole <= max(2, wanted.count / 3) ? whole : nil,
        last <= max(2, wantedLast.count / 3) ? last : nil,
      ].compactMap(\.self)
      guard let smaller = near.min() else { continue }
      if best.map({ smaller < $0.distance }) ?? true { best = (candidate, smaller) }
    }
    return best?.name
  }

  private static func lastPart(_ bytes: [UInt8]) -> [UInt8] {
    Array(bytes.split(separator: UInt8(ascii: ".")).last ?? [])
  }

  /// The number of bytes to insert, delete, replace or swap with their neighbour (optimal string
  /// alignment) to get from one to the other.
  package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in 0..<left.count {
      var row = [i + 1]
      row.reserveCapacity(right.count + 1)
      for j in 0..<right.count {
        let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
        var cost = min(replaced, last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[right.count]
  }
}
