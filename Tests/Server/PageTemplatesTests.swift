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

  @Test func aFolderThatIsNotThereIsAFault() {
    let faults = PageTemplates.faults(in: "/nonexistent/templates")
    #expect(faults.map(\.problem) == ["the folder can't be read"])
  }
}
