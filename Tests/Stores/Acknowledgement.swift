/// A line `ack PREFIX REVISION STATUS POSITION`.
struct Acknowledgement {
  let prefix: String
  let revision: Int64
  let status: String
  let position: Int64

  init?(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 5, words[0] == "ack", let revision = Int64(words[2]),
      let position = Int64(words[4])
    else { return nil }
    prefix = words[1]
    self.revision = revision
    status = words[3]
    self.position = position
  }
}
