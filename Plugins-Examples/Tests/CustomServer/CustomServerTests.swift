import Foundation
import Testing

/// The custom server as its users meet it: a process, a settings file, HTTP.
@Suite struct CustomServerTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "custom-server-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String {
    folder.appending(path: name).path(percentEncoded: false)
  }

  private func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: folder.appending(path: name))
    return path(name)
  }

  private func settings() throws -> String {
    _ = try write("", to: "retired.txt")
    return try write(
      """
      store: { url: "directory:\(path("keys"))" }
      token: { format: dashed }
      hash: { preferred: scrypt_example }
      plugins:
        hasher.scrypt_example: { cost: 10 }
        extractor.cookie: { name: api_key }
        policy.retired_customers: { file: "\(path("retired.txt"))" }
        listener.jsonlines: { path: "\(path("signals.jsonl"))" }
        page.expiry_review: { warn: 30d }

      """, to: "cardea.yaml")
  }

  private func createKey(_ name: String, config: String) throws -> String {
    let result = try Program.run("keys", "create", name, "--owner", name, "--config", config)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.trimmingCharacters(in: .newlines)
  }

  @Test func everyPluginOfItsOwnIsAtWork() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let config = try settings()
    let bootstrap = try Program.run("init", "--config", config)
    #expect(bootstrap.status == 0, "\(bootstrap.errors)")
    let alice = try createKey("alice", config: config)
    let bob = try createKey("bob", config: config)
    // The format: <prefix>-<secret>-<checksum>. The store: a file a key. The hasher: in that file.
    #expect(alice.split(separator: "-").count == 3)
    let files = try FileManager.default.contentsOfDirectory(atPath: path("keys/keys"))
    #expect(files.count == 3)
    let stored = try String(contentsOfFile: path("keys/keys/\(files[0])"), encoding: .utf8)
    #expect(stored.contains("scrypt_example$10$"))

    let server = try Server(config: config)
    #expect(try await server.status(cookie: "theme=dark; api_key=\(alice)") == 200)
    #expect(try await server.status(cookie: "api_key=\(bob)") == 200)
    #expect(try await server.status(cookie: "api_key=\(bob)x") == 401)
    #expect(try await server.status(cookie: "theme=dark") == 401)
    _ = try write("bob\n", to: "retired.txt")
    #expect(try await server.status(cookie: "api_key=\(bob)") == 403)
    #expect(try await server.status(cookie: "api_key=\(alice)") == 200)
    #expect(server.stop() == 0)

    let signals = try String(contentsOfFile: path("signals.jsonl"), encoding: .utf8)
    #expect(signals.contains("\"signal\":\"key_created\""))
    #expect(signals.contains("\"signal\":\"user_logged_in\""))
    #expect(signals.contains("\"reason\":\"policy_denied\""))
    #expect(!signals.contains(alice))
  }

  @Test func itsPluginsAreListed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let result = try Program.run("plugins", "--config", try settings())
    #expect(result.status == 0, "\(result.errors)")
    for id in [
      "hasher.scrypt_example", "extractor.cookie", "format.dashed", "store.directory",
      "policy.retired_customers", "listener.jsonlines", "page.expiry_review",
    ] {
      #expect(result.output.contains(id))
    }
  }

  @Test func faultsOfItsPluginsAreReportedTogether() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let config = try write(
      """
      store: { url: "directory:\(path("keys"))" }
      plugins:
        hasher.scrypt_example: { cost: 99 }
        policy.retired_customers: { file: /nowhere/retired.txt }
        listener.jsonlines: { paht: /x }

      """, to: "cardea.yaml")
    let result = try Program.run("check", "--config", config)
    #expect(result.status == 2)
    let said = result.output + result.errors
    for setting in [
      "hasher.scrypt_example.cost", "policy.retired_customers.file", "listener.jsonlines.paht",
    ] {
      #expect(said.contains(setting), "\(said)")
    }
  }
}
