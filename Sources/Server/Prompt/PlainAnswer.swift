import CardeaContracts
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// The answer to a ``PlainHead``, as it goes over the wire.
struct PlainAnswer: Sendable {
  let answer: AuthAnswer
  let requestID: String
  /// Whether it was a `HEAD`, whose answer's body is not sent.
  let isHead: Bool

  func write(into buffer: inout ByteBuffer) {
    if let identity = answer.identity, identity.limits.isEmpty,
      PlainAnswer.isPlain(identity.prefix), identity.scopes.names.allSatisfy(PlainAnswer.isPlain)
    {
      write(identity, into: &buffer)
    } else {
      write(answer.response(requestID: requestID).head, into: &buffer)
      if !isHead { buffer.writeBytes(answer.body) }
    }
  }

  /// What most are answered, without taking it apart first: the same bytes as by the other way.
  private func write(_ identity: Identity, into buffer: inout ByteBuffer) {
    buffer.writeStaticString("HTTP/1.1 200 OK\r\nX-Cardea-Key-Id: ")
    buffer.writeString(identity.keyID.text)
    buffer.writeStaticString("\r\nX-Cardea-Key-Prefix: ")
    buffer.writeString(identity.prefix)
    buffer.writeStaticString("\r\nX-Cardea-Owner: ")
    if let owner = identity.owner { buffer.writeString(AuthAnswer.encoded(owner)) }
    buffer.writeStaticString("\r\nX-Cardea-Scopes: ")
    for (index, name) in identity.scopes.names.enumerated() {
      if index > 0 { buffer.writeStaticString(" ") }
      buffer.writeString(name)
    }
    buffer.writeStaticString("\r\nContent-Length: 0\r\nX-Request-Id: ")
    buffer.writeString(requestID)
    buffer.writeStaticString(
      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nDate: ")
    buffer.writeString(DateField.now)
    buffer.writeStaticString("\r\n\r\n")
  }

  private func write(_ head: HTTPResponse, into buffer: inout ByteBuffer) {
    let status = HTTPResponseStatus(
      statusCode: head.status.code, reasonPhrase: head.status.reasonPhrase)
    buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
    for field in head.headerFields {
      buffer.writeString("\(field.name.rawName): \(field.value)\r\n")
    }
    buffer.writeStaticString("\r\n")
  }

  /// Whether a text may stand in a field as it is.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }
}
