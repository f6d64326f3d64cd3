/// Somebody who answers requests: what they are, and what answering them costs.
struct Peer {
  let name: String
  let url: String
  /// Where a request says who it is from.
  let header: String
  /// Sixteen keys; one value for who asks for none; nothing for who lets nobody in.
  let valid: [String]
  var wrong: [String] = []
  var malformed: [String] = []
  /// All that works for it, each with its children: what its requests cost.
  let processes: [Int32]

  enum Requests: String, CaseIterable {
    case one = "valid, 1 key"
    case sixteen = "valid, 16 keys"
    case wrong = "wrong secret"
    case malformed = "malformed"
  }

  /// What requests of that kind send; nothing if they make no sense here.
  func values(_ requests: Requests) -> [String] {
    switch requests {
    case .one: Array(valid.prefix(1))
    case .sixteen: valid.count == 16 ? valid : []
    case .wrong: wrong
    case .malformed: malformed
    }
  }
}
