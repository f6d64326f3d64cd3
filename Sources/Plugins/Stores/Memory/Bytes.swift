/// A string that equals another only if their bytes are the same. `String`'s own `==` takes canonically
/// equivalent spellings for equal, and would let two prefixes meet.
struct Bytes: Hashable, Comparable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: Bytes, right: Bytes) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  static func < (left: Bytes, right: Bytes) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}
