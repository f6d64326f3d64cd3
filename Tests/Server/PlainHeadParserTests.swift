import CardeaFuzzTargets
import CardeaServer
import CardeaTestSupport
import NIOCore
import Testing

/// Whatever ``PlainHead`` takes, SwiftNIO's parser reads alike, to its last byte.
@Suite("plain heads and the parser")
struct PlainHeadParserTests {
  private static let pieces = [
    "GET ", "POST ", "HEAD ", "/auth", "/", "?a=b", " HTTP/1.1\r\n", " HTTP/1.0\r\n",
    "Host: test\r\n", "Host:\r\n", "X-API-Key: k\r\n", "Content-Length: 0\r\n",
    "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Connection: keep-alive\r\n",
    "Connection: close\r\n", "x-a:b\r\n", "X-A: b c\r\n", "\r\n", "\n", "\r", " ", ":", "\t",
    "abc",
    "\u{0}", "\u{E9}",
  ]
  private static let plain = [0, 3, 6, 8, 10, 16, 18]

  /// A plain request with some of it exchanged, cut or put in.
  private static func text(_ random: inout SplitMix64) -> [UInt8] {
    func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    var chosen = plain.map { pieces[$0] }
    for _ in 0..<below(4) {
      let (place, piece) = (below(chosen.count), pieces[below(pieces.count)])
      if below(2) == 0 { chosen[place] = piece } else { chosen.insert(piece, at: place) }
    }
    var bytes = chosen.flatMap { Array($0.utf8) }
    if below(3) == 0 { bytes[below(bytes.count)] = UInt8(below(256)) }
    return bytes
  }

  @Test func areReadAlike() {
    var random = SplitMix64(seed: 11)
    var taken = 0
    for _ in 0..<20_000 {
      let bytes = Self.text(&random)
      guard PlainHead(ByteBuffer(bytes: bytes)) != nil else { continue }
      taken += 1
      let violation = FuzzTarget.plain.violation(of: bytes)
      #expect(violation == nil, "\(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(taken > 1_000)
  }
}
