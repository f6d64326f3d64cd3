import CardeaTestSupport
import Foundation
import Testing
import Yams

/// What starts the server: the compose file, the image and the unit of systemd fit each other and the repository, and
/// take from it what it does not need.
@Suite("Files to deploy with")
struct DeployFilesTests {
  private let repository = ProxyKind.deploy.deletingLastPathComponent()

  private func text(_ name: String) throws -> String {
    try String(contentsOf: ProxyKind.deploy.appending(path: name), encoding: .utf8)
  }

  private func isThere(_ path: String, below folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: path).standardized.path)
  }

  // MARK: compose

  @Test func theComposeFileIsWhole() throws {
    let file = try #require(try Yams.load(yaml: try text("compose.yaml")) as? [String: Any])
    #expect(Set(file.keys) == ["services", "volumes"])
    let services = try #require(file["services"] as? [String: [String: Any]])
    let volumes = try #require(file["volumes"] as? [String: Any])
    let known: Set = [
      "image", "build", "command", "ports", "volumes", "network_mode", "read_only", "cap_drop",
      "security_opt", "stop_grace_period", "restart",
    ]
    for (name, service) in services {
      #expect(Set(service.keys).isSubset(of: known), "\(name)")
      #expect((service["image"] == nil) != (service["build"] == nil), "\(name)")
      for volume in service["volumes"] as? [String] ?? [] {
        let source = String(try #require(volume.split(separator: ":").first))
        #expect(
          source.hasPrefix(".")
            ? isThere(source, below: ProxyKind.deploy) : volumes.keys.contains(source),
          "\(name): \(volume)")
      }
      if let mode = service["network_mode"] as? String {
        let other = String(mode.drop { $0 != ":" }.dropFirst())
        #expect(services.keys.contains(other), "\(name): \(mode)")
      }
    }
    // What is behind the proxy is reached through it alone.
    for name in ["cardea", "service"] {
      let service = try #require(services[name])
      #expect(service["ports"] == nil && service["network_mode"] as? String == "service:nginx")
    }
    let cardea = try #require(services["cardea"])
    #expect(cardea["read_only"] as? Bool == true)
    #expect(cardea["cap_drop"] as? [String] == ["ALL"])
    #expect(cardea["security_opt"] as? [String] == ["no-new-privileges:true"])
    let build = try #require(cardea["build"] as? [String: String])
    let context = ProxyKind.deploy.appending(path: try #require(build["context"])).standardized
    #expect(context.path == repository.standardized.path)
    #expect(isThere(try #require(build["dockerfile"]), below: context))
  }

  // MARK: the image

  /// A Dockerfile's instructions, each with what follows it, in order.
  private func instructions() throws -> [(name: String, rest: String)] {
    try text("Dockerfile").replacing("\\\n", with: " ").split(separator: "\n")
      .filter { !$0.hasPrefix("#") }.map { line in
        let name = line.prefix { $0 != " " }
        return (String(name), line.dropFirst(name.count).trimmingCharacters(in: .whitespaces))
      }
  }

  @Test func theImageHasWhatItNeedsAndNoMore() throws {
    let all = try instructions()
    let starts = all.indices.filter { all[$0].name == "FROM" }
    #expect(starts.first == 0 && starts.count == 2)
    let build = all[..<starts[1]]
    let image = all[starts[1]...]
    let stage = try #require(build.first?.rest.firstMatch(of: /\sAS (\w+)$/)?.1)
    // Neither compiler nor headers are in it, and of each library that the program is built with its other half is.
    #expect(image.first?.rest.hasPrefix("debian:") == true)
    func packages(_ lines: ArraySlice<(name: String, rest: String)>) -> [String] {
      lines.filter { $0.name == "RUN" && $0.rest.contains("apt-get install") }.flatMap {
        $0.rest.matches(of: /\blib[\w.-]+/).map { String($0.0) }
      }.filter { $0 != "lib" }
    }
    let libraries = packages(image)
    let headers = packages(build).filter { $0.hasSuffix("-dev") }
    #expect(headers.count >= 5 && libraries.allSatisfy { !$0.hasSuffix("-dev") })
    for header in headers {
      let stem = header.dropLast(4).prefix { !$0.isNumber && $0 != "-" }
      #expect(libraries.contains { $0.hasPrefix(stem) }, "\(header)")
    }
    for copy in image where copy.name == "COPY" {
      let words = copy.rest.split(separator: " ").map(String.init)
      if let from = words.first(where: { $0.hasPrefix("--from=") }) {
        #expect(from == "--from=\(stage)")
      } else {
        #expect(isThere(words[0], below: repository), "\(copy.rest)")
      }
    }
    // As nobody in particular, with the one program in it and the settings that were copied.
    func only(_ name: String) -> String? {
      let found = image.filter { $0.name == name }
      return found.count == 1 ? found.first?.rest : nil
    }
    let user = try #require(only("USER")?.firstMatch(of: /^(\d+):(\d+)$/))
    #expect(user.1 != "0" && user.2 != "0")
    let program = try #require(
      image.first { $0.name == "COPY" && $0.rest.contains("/out/cardea") }?.rest
        .split(separator: " ").last)
    #expect(only("ENTRYPOINT") == "[\"\(program)\"]")
    let settings = try #require(
      image.first { $0.name == "COPY" && $0.rest.hasPrefix("deploy/cardea.yaml") }?.rest
        .split(separator: " ").last)
    #expect(only("CMD")?.contains("\"\(settings)\"") == true)
    #expect(only("VOLUME") == only("WORKDIR"))
    // What the image is not made of does not reach its build.
    #expect(isThere(".dockerignore", below: repository))
  }

  // MARK: systemd

  @Test func theUnitIsOneAndHardened() throws {
    let unit = try text("systemd/cardea.service")
    var section = ""
    var values: [String: [String]] = [:]
    for line in unit.split(separator: "\n") where !line.hasPrefix("#") {
      if let name = line.wholeMatch(of: /\[(\w+)\]/)?.1 {
        section = String(name)
        continue
      }
      let pair = try #require(line.wholeMatch(of: /([A-Z]\w+)=(.*)/), "\(line)")
      values["\(section).\(pair.1)", default: []].append(String(pair.2))
    }
    #expect(values["Service.ExecStart"]?.count == 1)
    for (name, value) in [
      ("DynamicUser", "yes"), ("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"),
      ("ProtectHome", "yes"), ("PrivateTmp", "yes"), ("PrivateDevices", "yes"),
      ("CapabilityBoundingSet", ""), ("MemoryDenyWriteExecute", "yes"), ("UMask", "0077"),
      ("LimitCORE", "0"), ("SystemCallArchitectures", "native"),
    ] { #expect(values["Service.\(name)"] == [value], "\(name)") }
    #expect(values["Install.WantedBy"] == ["multi-user.target"])
    // systemd's own word for it, where there is one. The program need not be installed.
    let found = try Tool.run("bash", ["-c", "command -v systemd-analyze || true"])
    guard !found.isEmpty else { return }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-unit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: "cardea.service")
    try Data(unit.replacing("/usr/local/bin/cardea", with: "/bin/true").utf8).write(to: copy)
    let complaints = try Tool.run("bash", ["-c", "systemd-analyze verify '\(copy.path)' 2>&1"])
    #expect(complaints.isEmpty)
    // Of 100 points of exposure, less than 15: "OK".
    try Tool.run(
      "systemd-analyze", ["security", "--no-pager", "--offline=true", "--threshold=15", copy.path])
  }
}
