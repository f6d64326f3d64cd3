import CardeaCLI
import CardeaContracts
import Testing

@Suite("Plugin settings")
struct PluginSettingsTests {
  @Test("declared defaults are filled in")
  func defaults() throws {
    let values = try #require(
      readSettings(plugins: [SamplePlugin.self]).settings.plugins[SamplePlugin.id])
    #expect(values.string("path") == nil)
    #expect(values.integer("limit") == 7)
    #expect(values.boolean("loud") == false)
    #expect(values.duration("pause") == .seconds(5))
    #expect(values.strings("names") == ["a", "b"])
  }

  @Test("values of each type come from the file, the id with or without its dot")
  func file() throws {
    let yaml = """
      plugins:
        listener.sample: { path: /x, limit: 8, loud: true, pause: 1m, names: [c] }
      """
    let nested = """
      plugins:
        listener:
          sample:
            path: /x
            limit: 8
            loud: true
            pause: 1m
            names: [c]
      """
    for text in [yaml, nested] {
      let result = readSettings(text, plugins: [SamplePlugin.self])
      #expect(result.faults == [])
      let values = try #require(result.settings.plugins[SamplePlugin.id])
      #expect(values.string("path") == "/x")
      #expect(values.integer("limit") == 8)
      #expect(values.boolean("loud") == true)
      #expect(values.duration("pause") == .seconds(60))
      #expect(values.strings("names") == ["c"])
    }
  }

  @Test("the environment wins over the file here too")
  func environment() throws {
    let result = readSettings(
      "plugins: { listener.sample: { path: /x, names: [c] } }",
      environment: [
        "CARDEA_PLUGINS_LISTENER_SAMPLE_PATH": "/y", "CARDEA_PLUGINS_LISTENER_SAMPLE_NAMES": "d,e",
      ], plugins: [SamplePlugin.self])
    #expect(result.faults == [])
    let values = try #require(result.settings.plugins[SamplePlugin.id])
    #expect(values.string("path") == "/y")
    #expect(values.strings("names") == ["d", "e"])
  }

  @Test("an unknown plugin is named once, however many settings it is given")
  func unknownPlugin() {
    let yaml = "plugins:\n  listener.simple: { path: x, limit: 1 }\n"
    let result = readSettings(yaml, plugins: [SamplePlugin.self, BarePlugin.self])
    #expect(
      result.faults.map(\.description) == [
        "cardea.yaml:2: plugins.listener.simple: unknown plugin. "
          + "Did you mean plugins.listener.sample?"
      ])
    #expect(
      readSettings(yaml).faults.map(\.remedy) == ["This program has no plugin with settings."])
  }

  @Test("a setting that only a plugin of this program has is known in the environment")
  func unknownEnvironment() {
    let environment = ["CARDEA_PLUGINS_LISTENER_SAMPLE_PAHT": "x"]
    let result = readSettings(environment: environment, plugins: [SamplePlugin.self])
    #expect(result.faults.map(\.remedy) == ["Did you mean CARDEA_PLUGINS_LISTENER_SAMPLE_PATH?"])
  }
}
