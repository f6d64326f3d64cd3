import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// `page.templates`: files that stand in for the built-in templates, looked at before anybody is served.
@Suite struct PageTemplatesTests {
  private func inFolder(
    _ files: [String: String], _ test: (String) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-templates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try Data(text.utf8).write(to: folder.appending(path: name))
    }
    try await test(folder.path)
  }

  @Test func aFileStandsInForTheTemplateOfItsName() async throws {
    let text =
      "{{<layout}}{{$content}}<h1>Welcome to {{brand}}</h1>{{error}}{{/content}}{{/layout}}"
    try await inFolder(["portal-sign-in.mustache": text, ".keep": "{{"]) { folder in
      #expect(PageTemplates.faults(in: folder).isEmpty)
      try await PortalRig.run(server: {
        $0.pageTemplates = folder
        $0.pageName = "<Shop>"
      }) { portal in
        let page = try await portal.client().get("/sign-in")
        #expect(page.heading == "Welcome to &lt;Shop&gt;")
        #expect(page.text.contains("<!doctype html>"))
        // The others are the built-in ones.
        #expect(try await PageClient(portal.rig).get("/sign-in").heading == "Sign in to Cardea")
      }
    }
  }

  @Test func whatCanNotBeTakenIsNamedWithItsReason() async throws {
    let files = [
      "portal-sing-in.mustache": "<p>", "page.css": "p {}",
      "fault.mustache": "<p>\n{{#a}}\n</p>", "key.mustache": "{{#a}}{{/b}}",
      "keys.mustache": "{{name", "owner.mustache": "{{{name}}}", "owners.mustache": "{{& name}}",
      "audit.mustache": "{{=<% %>=}}<%& name %>", "bulk.mustache": "{{ % CONTENT_TYPE:TEXT}}",
      "confirm.mustache": "{{name}}",
    ]
    try await inFolder(files) { folder in
      let faults = PageTemplates.faults(in: folder)
      #expect(faults.count == 9)
      #expect(faults.allSatisfy { $0.setting == "page.templates" && $0.value == folder })
      let texts = faults.map(\.description)
      func tells(_ file: String, _ reason: String) -> Bool {
        texts.contains { $0.contains(file) && $0.contains(reason) }
      }
      #expect(tells("portal-sing-in.mustache", "Did you mean portal-sign-in.mustache?"))
      #expect(tells("page.css", "in place of no template"))
      #expect(tells("fault.mustache", "a section has no end"))
      #expect(tells("key.mustache", "closed under another name"))
      #expect(tells("keys.mustache", "line 1"))
      for (file, tag) in [("owner", "{{{"), ("owners", "{{&"), ("audit", "{{="), ("bulk", "{{%")] {
        #expect(tells("\(file).mustache has", tag))
      }
      #expect(!texts.contains { $0.contains("confirm.mustache ") && $0.contains("has {{") })
      await #expect(throws: ConfigurationFaults.self) {
        try await ServerRig.run(server: { $0.pageTemplates = folder }) { _ in }
      }
    }
  }

  /// What takes itself in never ends, and what takes in nothing shows nothing: neither is served.
  @Test func whatIsTakenInIsThereAndEnds() async throws {
    let files = [
      "fault.mustache": "<p>{{> fault}}</p>",
      "layout.mustache": "{{title}}{{> errors}}",
      "errors.mustache": "{{#errors}}{{>chart}}{{/errors}}",
      "chart.mustache": "{{< layout }}{{$content}}{{/content}}{{/ layout }}",
      "keys.mustache": "{{<layuot}}{{$content}}{{/content}}{{/layuot}}",
      "key.mustache": "{{> *name}}", "owner.mustache": "{{>}}",
      "owners.mustache": "{{! {{> nothing}} {{> errors}} {{# any}}{{>entries}}{{/ any}}",
    ]
    try await inFolder(files) { folder in
      let texts = PageTemplates.faults(in: folder).map(\.description)
      func tells(_ file: String, _ reason: String) -> Bool {
        texts.contains { $0.contains("\(file).mustache") && $0.contains(reason) }
      }
      #expect(tells("fault", "takes itself in, by fault"))
      #expect(tells("layout", "takes itself in, by errors, then chart, then layout"))
      #expect(tells("errors", "takes itself in, by chart, then layout, then errors"))
      #expect(tells("chart", "takes itself in, by layout, then errors, then chart"))
      #expect(tells("keys", #"takes in "layuot", which is no template"#))
      #expect(tells("keys", "Did you mean layout?"))
      #expect(tells("key", #"takes in "*name""#))
      #expect(tells("owner", "takes in something"))
      #expect(texts.allSatisfy { !$0.contains("owners.mustache takes") })
      #expect(texts.count == 7)
      await #expect(throws: ConfigurationFaults.self) {
        try await ServerRig.run(server: { $0.pageTemplates = folder }) { _ in }
      }
    }
  }

  /// The built-in ones keep to it too.
  @Test func everyBuiltInTemplateTakesInWhatIsThere() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Server/Page/Files")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    var references = TemplateReferences()
    for file in files where file.hasSuffix(".mustache") {
      references.note(
        try String(contentsOf: folder.appending(path: file), encoding: .utf8),
        String(file.dropLast(9)))
    }
    for file in files where file.hasSuffix(".mustache") {
      let name = String(file.dropLast(9))
      #expect(references.unknown(in: name).isEmpty && references.cycle(of: name) == nil, "\(name)")
    }
  }

  @Test func aFolderThatIsNotThereIsAFault() {
    let faults = PageTemplates.faults(in: "/nonexistent/templates")
    #expect(faults.map(\.problem) == ["the folder can't be read"])
  }
}
