import Testing

/// Links between files of the repository lead somewhere. Links between guides and symbols are checked when
/// the documentation is built.
@Suite struct LinksTests {
  @Test(arguments: Repository.documents)
  func everyRelativeLinkLeadsToAFile(_ document: String) throws {
    let folder = document.split(separator: "/").dropLast().joined(separator: "/")
    for link in try Repository.text(of: document).matches(of: /\]\(([^)\s]+)\)/).map(\.1)
    where !link.hasPrefix("http") && !link.hasPrefix("#") {
      let path = link.prefix { $0 != "#" }
      let target = folder.isEmpty ? String(path) : "\(folder)/\(path)"
      #expect(Repository.exists(target), "\(document) links to \(link), which is not there")
    }
  }
}
