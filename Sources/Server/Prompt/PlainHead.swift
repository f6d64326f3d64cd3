import CardeaContracts
import HTTPTypes
import NIOCore

/// The head of a request that is all there and says nothing out of the ordinary: read where it lies, without the parser.
///
/// It is stricter than any parser. What it takes every parser of HTTP/1.1 reads alike, and as a request without a body
/// after which the connection goes on: a known method, a path of the plainest characters, one `Host`, fields of visible
/// ASCII, none that speaks of a body, another protocol, a trace or the connection's end. For all else there is the parser.
package final class PlainHead: Sendable {
  package let method: HTTPRequest.Method
  package let target: String
  /// Its bytes, the empty line at its end included.
  package let length: Int
  private let bytes: ByteBuffer
  private let fields: [Field]

  /// Where a field lies, from the head's first byte.
  private struct Field {
    let name: Range<Int>
    let value: Range<Int>
  }

  /// Far below what the parser takes.
  private static let most = (length: 8_192, fields: 64)

  /// - Parameter bytes: what has come; a request begins where it can be read.
  package init?(_ bytes: ByteBuffer) {
    var read = (method: HTTPRequest.Method.get, target: "", fields: [Field](), length: 0)
    let isPlain = bytes.withUnsafeReadableBytes { raw in
      var reader = PlainReader(UnsafeRawBufferPointer(rebasing: raw.prefix(PlainHead.most.length)))
      guard let method = reader.method(), let target = reader.target() else { return false }
      read.fields.reserveCapacity(16)
      while let (name, value) = reader.field() {
        guard read.fields.count < PlainHead.most.fields else { return false }
        read.fields.append(Field(name: name, value: value))
      }
      guard reader.isAtEnd else { return false }
      (read.method, read.target, read.length) = (method, target, reader.position)
      return true
    }
    guard isPlain else { return nil }
    (method, target, fields, length) = (read.method, read.target, read.fields, read.length)
    self.bytes = bytes
  }
}

extension PlainHead: RequestFields {
  package func value(of name: String) -> FieldValue {
    bytes.withUnsafeReadableBytes { bytes in
      var found: Field?
      for field in fields where field.name.count == name.utf8.count {
        guard PlainReader.isSame(bytes[field.name], name) else { continue }
        if found != nil { return .repeated }
        found = field
      }
      guard let found else { return .absent }
      return .one(String(decoding: bytes[found.value], as: UTF8.self))
    }
  }

  package func values(of name: String) -> [String] {
    bytes.withUnsafeReadableBytes { bytes in
      fields.filter { PlainReader.isSame(bytes[$0.name], name) }
        .map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }
  }

  package var areForwarded: Bool {
    bytes.withUnsafeReadableBytes { bytes in
      fields.contains { field in
        let name = bytes[field.name]
        return PlainReader.isSame(name, "forwarded") || PlainReader.isSame(name, "x-real-ip")
          || PlainReader.isSame(name.prefix(12), "x-forwarded-")
      }
    }
  }
}
