import CardeaContracts
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaCLI

@Suite("Commands on a store of many nodes")
struct NodeCommandTests {
  /// Runs the program in this process on a store that the group shares.
  private func run(
    _ group: NodeGroup, _ arguments: String..., environment: [String: String] = [:]
  ) async -> (status: Int32, out: String, err: String) {
    await run(group, arguments: arguments, environment: environment)
  }

  private func run(
    _ group: NodeGroup, arguments: [String], environment: [String: String] = [:]
  ) async -> (status: Int32, out: String, err: String) {
    let written = Locked<(out: String, err: String)>(("", ""))
    var toolbox = Toolbox.current
    toolbox.environment = environment
    toolbox.environment["CARDEA_AUDIT_TIER"] = "off"
    toolbox.console = Console { text, descriptor in
      written.withLock { written in
        if descriptor == 1 { written.out += text } else { written.err += text }
      }
      return 0
    }
    let status = await Toolbox.$current.withValue(toolbox) {
      await CardeaMain.run(
        arguments + ["--store", "nodes:x"],
        stores: [
          StoreScheme("nodes", form: "nodes:NAME", presence: { _ in .present }) { _ in
            NodeStore(group)
          }
        ])
    }
    let (out, err) = written.withLock { ($0.out, $0.err) }
    return (status, out, err)
  }

  private func card(_ name: String, lease: Duration, version: String = "0.1.0") -> NodeCard {
    NodeCard(id: UUID(), name: name, lease: lease, version: version)
  }

  /// The prefix of a new key.
  private func key(_ group: NodeGroup) async throws -> String {
    let made = await run(group, "keys", "create", "test", "--json")
    let json = try JSONSerialization.jsonObject(with: Data(made.out.utf8)) as? [String: Any]
    return try #require((json?["key"] as? [String: Any])?["prefix"] as? String, "\(made)")
  }

  @Test("a change says which nodes obey and which will, by when")
  func receipts() async throws {
    let group = NodeGroup()
    group.add(card("web-1", lease: .seconds(60)), applied: 1_000_000)
    group.add(card("web-2", lease: .seconds(60)))
    let prefix = try await key(group)
    let result = await run(group, "keys", "suspend", prefix)
    #expect(result.status == 0)
    #expect(
      result.out.firstMatch(
        of: /suspended\. Obeyed by 1 of 2 nodes; web-2 by \d{4}-\d\d-\d\dT[\d:.]+Z\.\n/) != nil,
      "\(result.out)")
    let json = await run(group, "keys", "reactivate", prefix, "--json")
    #expect(json.out.contains(#""bound_ms" : 60000"#))
    let rotated = await run(group, "keys", "rotate", prefix, "--yes")
    #expect(rotated.err.contains("Obeyed by 1 of 2 nodes; web-2 by "))
    #expect(rotated.out.split(separator: "\n").count == 1, "the token, alone on its line")
    let bulk = await run(group, "keys", "revoke", "--prefix", prefix, "--yes")
    #expect(bulk.err.contains("Obeyed by 1 of 2 nodes; web-2 by "), "\(bulk)")
  }

  @Test("--wait returns once the lost node's lease has run out")
  func waiting() async throws {
    let group = NodeGroup()
    let prefix = try await key(group)
    let owner = await run(group, "owners", "create", "ann")
    #expect(owner.status == 0)
    let commands: [[String]] = [
      ["keys", "update", prefix, "--name", "new"], ["keys", "suspend", prefix],
      ["keys", "reactivate", prefix], ["keys", "rotate", prefix, "--yes"],
      ["owners", "disable", "ann"], ["owners", "enable", "ann"],
      ["owners", "update", "ann", "--max-keys", "3"], ["keys", "revoke", prefix, "--yes"],
      ["keys", "purge", prefix, "--yes"],
    ]
    for command in commands {
      let (alive, lost) = (
        card("web-1", lease: .seconds(60)), card("web-2", lease: .milliseconds(150))
      )
      group.add(alive, applied: 1_000_000)
      group.add(lost)
      let result = await run(group, arguments: command + ["--wait"])
      #expect(result.status == 0, "\(command): \(result.err)")
      #expect((result.out + result.err).contains("Obeyed by 1 of 1 node."), "\(command): \(result)")
      group.leave(alive.id)
      group.leave(lost.id)
    }
  }

  @Test("check names what is wrong with the nodes that live")
  func check() async throws {
    let group = NodeGroup()
    for _ in 0..<2 { group.add(card("web-1", lease: .seconds(60), version: CardeaVersion.text)) }
    group.add(card("web-2", lease: .seconds(60), version: "0.0.9"))
    let result = await run(group, "check")
    #expect(result.status == 0)
    #expect(
      result.out.contains(
        "warning: 2 living nodes carry the name web-1. Give each a node.name of its own"))
    #expect(result.out.contains("warning: the node web-2 runs version 0.0.9, this one"))
    let good = await run(NodeGroup(), "check", "--json")
    #expect(!good.out.contains("node_name_twice") && !good.out.contains("clock_apart"))
  }

  @Test("a node is called after its host and port, or as node.name says")
  func names() async throws {
    let group = NodeGroup()
    _ = await run(group, "keys", "verify", "--token-file", "/dev/null")
    #expect(group.joined.last?.name.hasSuffix(":8420") == true, "\(group.joined)")
    #expect(group.joined.last?.version == CardeaVersion.text)
    _ = await run(
      group, "keys", "verify", "--token-file", "/dev/null",
      environment: ["CARDEA_NODE_NAME": "web-7"])
    #expect(group.joined.last?.name == "web-7")
    _ = await run(group, "keys", "list")
    #expect(group.joined.count == 2, "who only manages keys is no node")
    let bad = await run(group, "check", environment: ["CARDEA_NODE_NAME": "web 7"])
    #expect(bad.status == 2)
    #expect(bad.err.contains("node.name"))
    #expect(NodeName.name(host: "wéb 1", place: "8420") == "wb1:8420")
    #expect(NodeName.name(host: "", place: "cardea.sock") == "node:cardea.sock")
    let long = NodeName.name(
      host: String(repeating: "h", count: 200), place: String(repeating: "p", count: 200))
    #expect(NodeCard.isName(long))
  }
}
