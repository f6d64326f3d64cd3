import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A request as it came over the wire, trailers included.
struct RecordedRequest: Sendable, CustomStringConvertible {
  let method: String
  let target: String
  /// In order, names as they were sent.
  let fields: [(name: String, value: String)]
  let body: [UInt8]
  let trailers: String
  /// Everything up to the body.
  let head: String

  var description: String { head + trailers }

  /// Every value under a name, whatever its case.
  func values(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  /// Reads one request; `nil` if the connection ends before it does.
  init?(from connection: Int32) {
    var input = Input(connection: connection)
    guard let head = input.until("\r\n\r\n") else { return nil }
    self.head = head
    let lines = head.components(separatedBy: "\r\n").filter { !$0.isEmpty }
    let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
    method = words.first.map(String.init) ?? ""
    target = words.count > 1 ? String(words[1]) : ""
    let fields = lines.dropFirst().map { line in
      let name = line.prefix { $0 != ":" }
      return (
        name: String(name),
        value: line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
      )
    }
    self.fields = fields
    func value(_ name: String) -> String? {
      fields.first { $0.name.lowercased() == name }?.value.lowercased()
    }
    var body: [UInt8] = []
    var trailers = ""
    if value("transfer-encoding") == "chunked" {
      while true {
        guard let line = input.until("\r\n"),
          let count = Int(line.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16)
        else { return nil }
        if count == 0 { break }
        guard let chunk = input.bytes(count), input.until("\r\n") != nil else { return nil }
        body += chunk
      }
      while let line = input.until("\r\n"), line != "\r\n" { trailers += line }
    } else if let count = value("content-length").flatMap({ Int($0) }) {
      guard let bytes = input.bytes(count) else { return nil }
      body = bytes
    }
    self.body = body
    self.trailers = trailers
  }

  private struct Input {
    let connection: Int32
    var waiting: [UInt8] = []

    /// Everything up to and with that text.
    mutating func until(_ text: String) -> String? {
      let mark = Array(text.utf8)
      while true {
        if let found = waiting.firstRange(of: mark) { return take(found.upperBound) }
        guard more() else { return nil }
      }
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
      while waiting.count < count { guard more() else { return nil } }
      defer { waiting.removeFirst(count) }
      return Array(waiting.prefix(count))
    }

    private mutating func take(_ count: Int) -> String {
      defer { waiting.removeFirst(count) }
      return String(decoding: waiting.prefix(count), as: UTF8.self)
    }

    private mutating func more() -> Bool {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return false }
      waiting += buffer[0..<count]
      return true
    }
  }
}
