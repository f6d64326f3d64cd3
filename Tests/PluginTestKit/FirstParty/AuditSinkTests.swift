import CardeaContracts
import CardeaListeners
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct JSONLinesAuditSinkTests {
  static let promises = AsyncAuditSinkPromises(
    recorded: { try $0.requestIDs() },
    broken: {
      try JSONLinesFile { _, _ in
        errno = ENOSPC
        return -1
      }
    }
  ) { try JSONLinesFile() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

/// The sink on a file of its own that can be read back.
private struct JSONLinesFile: AsyncAuditSink {
  let folder: Folder
  let sink: JSONLinesAuditSink

  init(write: @escaping SpoolAuditSink.Write = SpoolAuditSink.systemWrite) throws {
    folder = try Folder()
    sink = try JSONLinesAuditSink(path: folder.file("audit.jsonl"), write: write)
  }

  var id: String { sink.id }
  func open() throws(ConfigurationFault) { try sink.open() }
  func record(_ event: AccessEvent) async throws { try await sink.record(event) }
  func canRecord() -> Bool { sink.canRecord() }
  func close() async { await sink.close() }

  func requestIDs() throws -> [String] {
    struct Line: Decodable {
      let requestID: String
      enum CodingKeys: String, CodingKey { case requestID = "request_id" }
    }
    let data = try Data(contentsOf: URL(filePath: sink.path))
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

@Suite struct SpoolAuditSinkTests {
  static let promises = AsyncAuditSinkPromises(
    recorded: { try $0.requestIDs() },
    broken: {
      SpoolFolder { _, _ in
        errno = ENOSPC
        return -1
      }
    },
    blocked: {
      SpoolFolder(deadline: .milliseconds(50)) { _, _ in
        // For ever: the writer's thread stays behind.
        DispatchSemaphore(value: 0).wait()
        return -1
      }
    }
  ) { SpoolFolder() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

/// The spool in a folder of its own that can be read back.
private struct SpoolFolder: AsyncAuditSink {
  let sink: SpoolAuditSink

  init(
    deadline: Duration = .seconds(60),
    write: @escaping SpoolAuditSink.Write = SpoolAuditSink.systemWrite
  ) {
    sink = SpoolAuditSink(
      path: Folder.shared.file("\(UUID().uuidString)-spool"), tier: .process, deadline: deadline,
      write: write)
  }

  var id: String { sink.id }
  func open() throws(ConfigurationFault) { try sink.open() }
  func record(_ event: AccessEvent) async throws { try await sink.record(event) }
  func canRecord() -> Bool { sink.canRecord() }
  func close() async { await sink.close() }

  func requestIDs() throws -> [String] {
    let source = try #require(sink.sources.first)
    return try source.records(after: 0, details: .max, limit: .max).map { record in
      let payload = try JSONDecoder().decode(
        [String: String].self, from: Data(record.draft.payload))
      return try #require(payload["request_id"])
    }
  }
}
