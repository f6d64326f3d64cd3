import BenchSupport
import Foundation

/// One run of `wrk`, a closed loop: each of its connections asks again as soon as it was answered.
struct Wrk {
  let requests: Double
  let perSecond: Double
  /// Milliseconds.
  let p50: Double
  let p99: Double
  /// Answers other than 2xx and 3xx.
  let refused: Double

  /// - Parameter header: sent with every request, as `Name: value`.
  init(_ url: String, header: String, connections: Int = 16, seconds: Int = 3) throws {
    try self.init(["-H", header, url], connections, seconds)
  }

  /// - Parameter values: what the header holds, in turn.
  init(
    _ url: String, header: String, values: [String], connections: Int = 16, seconds: Int = 3
  ) throws {
    if values.count == 1 {
      try self.init(
        url, header: "\(header): \(values[0])", connections: connections, seconds: seconds)
      return
    }
    let script = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-\(UUID()).lua")
    defer { try? FileManager.default.removeItem(at: script) }
    // Requests are written once: what is measured is not Lua.
    try """
    local requests, at = {}, 0
    function init()
      for index, value in ipairs({\(values.map { "'\($0)'" }.joined(separator: ","))}) do
        requests[index] = wrk.format("GET", nil, {["\(header)"] = value})
      end
    end
    function request()
      at = at % #requests + 1
      return requests[at]
    end
    """.write(to: script, atomically: true, encoding: .utf8)
    try self.init(["-s", script.path, url], connections, seconds)
  }

  private init(_ arguments: [String], _ connections: Int, _ seconds: Int) throws {
    let text = try Programs.output(
      "/usr/bin/env",
      ["wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "--timeout", "10s", "--latency"]
        + arguments)
    guard let requests = Wrk.number(before: " requests in", in: text),
      let perSecond = Wrk.number(after: "Requests/sec:", in: text),
      // "50%" alone may stand in the line above, too.
      let distribution = text.range(of: "Latency Distribution").map({
        String(text[$0.upperBound...])
      }),
      let p50 = Wrk.milliseconds(after: "50%", in: distribution),
      let p99 = Wrk.milliseconds(after: "99%", in: distribution)
    else { throw BenchError.failed(text) }
    self.requests = requests
    self.perSecond = perSecond
    self.p50 = p50
    self.p99 = p99
    refused = Wrk.number(after: "Non-2xx or 3xx responses:", in: text) ?? 0
  }

  private static func number(before mark: String, in text: String) -> Double? {
    guard let range = text.range(of: mark) else { return nil }
    return Double(text[..<range.lowerBound].split(whereSeparator: \.isWhitespace).last ?? "")
  }

  private static func word(after mark: String, in text: String) -> Substring? {
    guard let range = text.range(of: mark) else { return nil }
    return text[range.upperBound...].split(whereSeparator: \.isWhitespace).first
  }

  private static func number(after mark: String, in text: String) -> Double? {
    word(after: mark, in: text).flatMap { Double($0) }
  }

  private static func milliseconds(after mark: String, in text: String) -> Double? {
    guard let word = word(after: mark, in: text) else { return nil }
    for (unit, factor) in [("us", 0.001), ("ms", 1), ("s", 1_000)] where word.hasSuffix(unit) {
      return Double(word.dropLast(unit.count)).map { $0 * factor }
    }
    return nil
  }
}
