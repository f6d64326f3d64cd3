import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct StandardErrorSinkTests {
  static let promises = AuditSinkPromises(
    recorded: { sink in
      let file = FileHandle(fileDescriptor: sink.descriptor)
      try file.seek(toOffset: 0)
      let lines = (try file.readToEnd() ?? Data()).split(separator: UInt8(ascii: "\n"))
      return try lines.map { line in
        let event = try JSONSerialization.jsonObject(with: line) as? [String: Any]
        return event?["request_id"] as? String ?? ""
      }
    },
    broken: { StandardErrorSink(descriptor: -1) }
  ) { StandardErrorSink(descriptor: fileno(tmpfile())) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
