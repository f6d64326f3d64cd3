import CardeaContracts
import CardeaPluginTestKit
import Foundation
import JSONLinesListener
import Testing

/// The listener on a file that goes with it.
private struct ListenerInFolder: SignalListener {
  let folder = Folder()
  let listener: JSONLinesListener

  init() throws { listener = try JSONLinesListener(path: folder.file("signals.jsonl")) }

  var id: String { listener.id }
  func receive(_ signal: AnySignal) throws { try listener.receive(signal) }
}

@Suite struct JSONLinesListenerTests {
  static let promises = ListenerPromises(
    samples: [
      AnySignal(KeyCreated(at: SystemClock().now(), actor: "cli", key: .sample(owner: "alice"))),
      AnySignal(AuthenticationFailed(event: .sample(reason: .wrongSecret))),
    ],
    received: { try lines(of: $0.listener.path).count }
  ) { try ListenerInFolder() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func writesTheSignalsNameAndFields() throws {
    let folder = Folder()
    let listener = try JSONLinesListener(path: folder.file("signals.jsonl"))
    try listener.receive(AnySignal(AuthenticationFailed(event: .sample(reason: .wrongSecret))))
    let line = try #require(try Self.lines(of: listener.path).first)
    #expect(line["signal"] == .string("authentication_failed"))
    #expect(line["reason"] == .string("wrong_secret"))
  }

  private static func lines(of path: String) throws -> [[String: JSONValue]] {
    try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode([String: JSONValue].self, from: $0)
    }
  }

  static let configuration = ConfigurationPromises(
    JSONLinesListener.self, accepted: [SettingValues(["path": .string("/dev/null")])],
    refused: [SettingValues(["path": .string("/nowhere/signals.jsonl")])]
  ).all

  @Test(arguments: configuration) func keepsConfigured(_ promise: Promise) async throws {
    try await promise.check()
  }
}
