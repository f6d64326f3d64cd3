import CardeaCLI
import CardeaContracts
import Testing

@Suite("Nearest name")
struct NearestNameTests {
  @Test(
    "edit distance",
    arguments: [
      ("", "", 0), ("a", "", 1), ("", "ab", 2), ("abc", "abc", 0), ("abc", "acb", 1),
      ("kitten", "sitting", 3), ("port", "prot", 1), ("lease", "release", 2),
    ])
  func distance(left: String, right: String, expected: Int) {
    #expect(NearestName.distance(Array(left.utf8), Array(right.utf8)) == expected)
    #expect(NearestName.distance(Array(right.utf8), Array(left.utf8)) == expected)
  }

  @Test(
    "the nearest of the table",
    arguments: [
      ("token.namespce", "token.namespace"), ("namespace", "token.namespace"),
      ("server.prot", "server.port"), ("sever.port", "server.port"),
      ("TOKEN.FORMAT", "token.format"),
      ("cache.leas", "cache.lease"),
    ])
  func nearest(name: String, expected: String) {
    #expect(NearestName.find(name, among: SettingsTable.rows.map(\.name)) == expected)
  }

  @Test(
    "nothing that could be meant",
    arguments: ["zebra", "database.connection.string", "zzz", "CARDEA_HOME", "x"])
  func far(name: String) {
    #expect(NearestName.find(name, among: SettingsTable.rows.map(\.name)) == nil)
  }

  @Test("nothing to choose from")
  func nothing() { #expect(NearestName.find("x", among: []) == nil) }
}
