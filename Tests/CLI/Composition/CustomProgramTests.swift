import CardeaCLI
import CardeaContracts
import CardeaMemoryStore
import Foundation
import Testing

@Suite("A program with plugins of its own")
struct CustomProgramTests {
  /// Runs the program in this process and gives what it would have written to stdout and stderr.
  private func run(_ arguments: String..., environment: [String: String] = [:]) async -> (
    status: Int32, out: String, err: String
  ) {
    let written = Locked<(out: String, err: String)>(("", ""))
    var toolbox = Toolbox.current
    toolbox.environment = environment
    toolbox.console = Console { text, descriptor in
      written.withLock { written in
        if descriptor == 1 { written.out += text } else { written.err += text }
      }
      return 0
    }
    let status = await Toolbox.$current.withValue(toolbox) {
      await CardeaMain.run(
        arguments, plugins: [SamplePolicy.self],
        stores: [
          StoreScheme("mine", form: "mine:NAME", presence: { _ in .present }) { _ in MemoryStore() }
        ])
    }
    let (out, err) = written.withLock { ($0.out, $0.err) }
    return (status, out, err)
  }

  @Test("its plugin is configured under plugins.<id>, its store named by its scheme")
  func plugins() async throws {
    let environment = ["CARDEA_PLUGINS_POLICY_SAMPLE_ENABLED": "true"]
    let result = await run("plugins", "--json", "--store", "mine:x", environment: environment)
    #expect(result.status == 0, "\(result.err)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(result.out.utf8)) as? [String: Any])
    let rows = try #require(json["plugins"] as? [[String: Any]])
    let on = rows.filter { $0["state"] as? String == "on" }.compactMap { $0["id"] as? String }
    #expect(on.contains("policy.sample"))
    #expect(on.contains("store.memory"))
    let off = await run("plugins", "--store", "mine:x")
    #expect(off.out.contains("policy.sample"))
    #expect(off.out.contains("off"))
  }

  @Test("its faults are listed with the others, and its scheme among the known ones")
  func faults() async {
    let result = await run(
      "check", "--store", "yours:x",
      environment: ["CARDEA_PLUGINS_POLICY_SAMPLE_ENABLED": "maybe", "CARDEA_SERVER_PORT": "+5"])
    #expect(result.status == 2)
    #expect(result.err.hasPrefix("cardea: 3 faults in the configuration; nothing was started\n"))
    #expect(result.err.contains("plugins.policy.sample.enabled = maybe"))
    #expect(result.err.contains("server.port = +5"))
    #expect(
      result.err.contains(
        "This program has: sqlite:PATH, postgres://USER@HOST/DATABASE, memory:, mine:NAME."))
  }

  @Test("a store of its own is served as it is: nothing makes a first key in it unasked")
  func store() async {
    let result = await run("check", "--store", "mine:x")
    #expect(result.status == 0)
    #expect(result.out.contains("the store has no key yet"))
  }
}

/// A policy that settings switch on.
private struct SamplePolicy: ConfigurablePlugin, Policy {
  static let id = "policy.sample"
  static let settings = [
    SettingDeclaration("enabled", .boolean, default: "false", "Whether it is asked.")
  ]

  static func make(settings: SettingValues) throws(ConfigurationFault) -> SamplePolicy? {
    settings.boolean("enabled") == true ? SamplePolicy() : nil
  }

  func evaluate(_ context: PolicyContext) throws -> PolicyDecision { .pass }
}
