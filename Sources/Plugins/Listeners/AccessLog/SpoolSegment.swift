/// A file of a slot's records that follow one another, named for the sequence of the first.
struct SpoolSegment: Sendable {
  let first: Int64
  let path: String

  /// The segment that begins with that record.
  init(first: Int64, in folder: String) {
    let digits = String(first)
    let name = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    self.first = first
    path = "\(folder)/\(name).log"
  }

  /// The segment whose file has that name; `nil` if no segment has.
  init?(named name: String, in folder: String) {
    guard name.hasSuffix(".log"), let first = Int64(name.dropLast(4)),
      SpoolLine.sequences.contains(first)
    else {
      return nil
    }
    self.first = first
    path = "\(folder)/\(name)"
  }
}
