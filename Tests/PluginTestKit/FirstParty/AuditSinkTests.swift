import CardeaKernel
import CardeaListeners
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct JSONLinesAuditSinkTests {
  static let promises = AuditSinkPromises(
    recorded: { try $0.requestIDs() },
    broken: { try JSONLinesFile(path: "/dev/full") }
  ) { try JSONLinesFile() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

/// The sink on a file of its own that can be read back.
private struct JSONLinesFile: AuditSink {
  let folder: Folder
  let path: String
  let sink: JSONLinesAuditSink

  init(path: String? = nil) throws {
    folder = try Folder()
    self.path = path ?? folder.file("audit.jsonl")
    sink = try JSONLinesAuditSink(path: self.path)
  }

  var id: String { sink.id }
  func record(_ events: [AccessEvent]) throws { try sink.record(events) }
  func flush() throws { try sink.flush() }

  func requestIDs() throws -> [String] {
    struct Line: Decodable {
      let requestID: String
      enum CodingKeys: String, CodingKey { case requestID = "request_id" }
    }
    // Made by the first record.
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let data = try Data(contentsOf: URL(filePath: path))
    return try data.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Line.self, from: $0).requestID
    }
  }
}

@Suite struct JSONLinesAuditSinkConfigurationTests {
  static let promises = ConfigurationPromises(
    JSONLinesAuditSink.self,
    accepted: [SettingValues(["path": .string(Folder.shared.file("configured.jsonl"))])],
    refused: [SettingValues(["path": .string("/nowhere/at/all/audit.jsonl")])]
  ).all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
