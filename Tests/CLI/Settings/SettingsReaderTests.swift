import CardeaCLI
import CardeaContracts
import Testing

@Suite("Reading settings")
struct SettingsReaderTests {
  @Test(
    "a flag wins over the environment, the environment over the file, the file over the default")
  func precedence() {
    let yaml = "server: { port: 1001, host: file.example }\ntoken:\n  namespace: file\n"
    let environment = ["CARDEA_SERVER_PORT": "1002", "CARDEA_SERVER_HOST": "environment.example"]
    let result = readSettings(yaml, environment: environment, flags: ["server.port": "1003"])
    #expect(result.faults == [])
    #expect(result.settings[SettingsTable.port] == 1003)
    #expect(result.settings[SettingsTable.host] == "environment.example")
    #expect(result.settings[SettingsTable.namespace] == "file")
    #expect(result.settings[SettingsTable.secretLength] == 32)
    #expect(result.settings.origin("server.port") == .flag("--port"))
    #expect(result.settings.origin("server.host") == .environment("CARDEA_SERVER_HOST"))
    #expect(result.settings.origin("token.namespace") == .file(path: "cardea.yaml", line: 3))
    #expect(result.settings.origin("token.secret_length") == .standard)
  }

  @Test("lists: brackets in the file, commas in the environment")
  func lists() {
    let file = readSettings("extract:\n  headers: [X-A, X-B]\n  schemes:\n    - One\n    - Two\n")
    #expect(file.faults == [])
    #expect(file.settings[SettingsTable.headers] == ["X-A", "X-B"])
    #expect(file.settings[SettingsTable.schemes] == ["One", "Two"])
    let environment = readSettings(
      environment: ["CARDEA_EXTRACT_HEADERS": "X-A, X-B", "CARDEA_EXTRACT_SCHEMES": ""])
    #expect(environment.faults == [])
    #expect(environment.settings[SettingsTable.headers] == ["X-A", "X-B"])
    #expect(environment.settings[SettingsTable.schemes] == [])
    #expect(readSettings(environment: ["CARDEA_EXTRACT_HEADERS": "X-A,,X-B"]).faults.count == 1)
  }

  @Test(
    "a backslash before a comma keeps it in its entry, and is itself elsewhere",
    arguments: [
      (#"a\,b"#, ["a,b"]), (#"a\,b,c"#, ["a,b", "c"]), (#"a\, b"#, ["a, b"]),
      (#"a\b,c"#, [#"a\b"#, "c"]), (#"a\"#, [#"a\"#]), (#"\,"#, [","]), (#"a\,\,b"#, ["a,,b"]),
      (#"\"#, [#"\"#]), ("", []),
    ])
  func escapedComma(_ text: String, _ entries: [String]) {
    #expect(SettingsReader.list(text) == entries)
    let read = readSettings(environment: ["CARDEA_SCOPES_AVAILABLE": #"write,a\,b"#])
    #expect(read.settings[SettingsTable.availableScopes] == ["write", "a,b"])
  }

  @Test("what somebody pasted in place of a file's name is in no fault, and in no list of settings")
  func pastedKey() throws {
    let key =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHSECRET\n-----END PRIVATE KEY-----\n"
    let names = [
      "CARDEA_SERVER_PORT", "CARDEA_PAGE_COLOUR", "CARDEA_PAGE_HOSTS", "CARDEA_PLUGINS_X_Y",
    ]
    for name in names {
      let result = readSettings(environment: [name: key])
      #expect(!result.faults.isEmpty, "\(name)")
      for fault in result.faults { #expect(!fault.description.contains("SECRET"), "\(name)") }
    }
    let row = try #require(SettingsTable.rows.first { $0.name == "server.tls_key" })
    let result = readSettings(environment: [row.environmentName: key])
    #expect(result.settings.shown(row) == "<PEM>")
    let fault = ConfigurationFault(setting: "a", value: "x" + key, problem: "b", remedy: "c")
    #expect(fault.description == "a = <PEM>: b. c")
    #expect(SettingFault(fault, origins: [:]).value == "<PEM>")
  }

  @Test("an empty list in the file is an empty list, not the default")
  func emptyList() {
    let result = readSettings("extract: { headers: [] }")
    #expect(result.faults == [])
    #expect(result.settings[SettingsTable.headers] == [])
  }

  @Test(
    "durations",
    arguments: [
      ("20ms", Duration.milliseconds(20)), ("1s", .seconds(1)), ("1m", .seconds(60)),
    ])
  func durations(text: String, value: Duration) {
    let result = readSettings("cache: { lease: \(text) }")
    #expect(result.faults == [])
    #expect(result.settings[SettingsTable.lease] == value)
  }

  @Test("never")
  func never() {
    let result = readSettings("keys: { default_expiry: never }")
    #expect(result.faults == [])
    #expect(result.settings[SettingsTable.defaultExpiry] == .none)
    #expect(
      readSettings("keys: { default_expiry: 12h }").settings[SettingsTable.defaultExpiry]
        == .seconds(43_200))
    #expect(readSettings("cache: { lease: never }").faults.count == 1)
  }

  @Test(
    "what is no duration is a fault",
    arguments: [
      "", "5", "s", "-1s", "+5s", "1.5s", "1 s", "05s", "٣s", "1w", "1e3s", "9223372036854775807d",
      "NEVER",
      "61s", "19ms",
    ])
  func badDurations(text: String) {
    let result = readSettings(environment: ["CARDEA_CACHE_LEASE": text])
    #expect(result.faults.count == 1, "\(text)")
    #expect(result.settings[SettingsTable.lease] == .seconds(1))
  }

  @Test(
    "what is no whole number in range is a fault",
    arguments: [
      "-1", "-0", "+5", "٣", "1e3", "NaN", "0x10", "05", "1_000", " 5", "5 ", "", "1.0", "65536",
      "9007199254740992", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
      "99999999999999999999999", "true",
    ])
  func badIntegers(text: String) {
    let environment = readSettings(environment: ["CARDEA_SERVER_PORT": text])
    #expect(environment.faults.map(\.setting) == ["server.port"], "\(text)")
    let file = readSettings("server:\n  port: \"\(text)\"\n")
    #expect(file.faults.map(\.setting) == ["server.port"], "\(text)")
  }

  /// P6, for every setting that is a number, a duration or a rate, from the file and from the environment.
  @Test(arguments: SettingsTable.rows.map(\.name))
  func noSettingTakesANumberThatIsNone(name: String) throws {
    let row = try #require(SettingsTable.rows.first { $0.name == name })
    let isRate = row.defaultText.map { Rate($0) != nil } ?? false
    guard row.type == .integer || row.type == .duration || isRate else { return }
    let numbers = [
      "-2", "-0", "9007199254740992", "9223372036854775807", "9223372036854775808", "+5", "٣",
      "1e3", "NaN", "0x10", "05", "", "9999-12-31T23:59:59Z",
    ]
    let units = row.type == .integer ? [""] : isRate ? ["", "/1m"] : ["", "d", "ms"]
    for number in numbers {
      for unit in units {
        let text = number + unit
        let environment = readSettings(environment: [row.environmentName: text])
        #expect(environment.faults.map(\.setting) == [name], "\(text)")
        let section = name.split(separator: ".")
        let file = readSettings("\(section[0]):\n  \(section[1]): \"\(text)\"\n")
        #expect(file.faults.map(\.setting) == [name], "\(text)")
      }
    }
  }

  @Test("whole numbers in range", arguments: [("0", 0), ("8420", 8420), ("65535", 65_535)])
  func goodIntegers(text: String, value: Int) {
    let result = readSettings("server: { port: \(text) }")
    #expect(result.faults == [])
    #expect(result.settings[SettingsTable.port] == value)
    #expect(readSettings("keys: { max_per_owner: -1 }").faults == [])
  }

  @Test("numbers as the whole program reads them")
  func integerText() {
    #expect(IntegerText.parse("0") == 0)
    #expect(IntegerText.parse("-1") == -1)
    #expect(IntegerText.parse("9007199254740992") == 9_007_199_254_740_992)
    #expect(IntegerText.parse("9223372036854775807") == Int.max)
    for text in ["9223372036854775808", "-0", "+5", "٣", "1e3", "NaN", "", "-", "01", "１"] {
      #expect(IntegerText.parse(text) == nil, "\(text)")
    }
  }

  @Test("booleans are true or false", arguments: ["yes", "1", "True", "on", ""])
  func badBooleans(text: String) {
    #expect(readSettings(environment: ["CARDEA_EXTRACT_BASIC": text]).faults.count == 1)
    #expect(readSettings("extract: { basic: true }").settings[SettingsTable.basic] == true)
  }

  @Test("every fault at once, each with its place, value and remedy")
  func allFaultsAtOnce() {
    let yaml = """
      store:
        ulr: "sqlite:x"
      server: { port: 99999, host: "" }
      token:
        namespace: "a:b"
        format: [keysmith]
      hash: 5
      extract:
        headers: X-API-Key
        conflict: last
      namespace: tok
      plugins:
        listener.sampel: { path: x }
        listener.sample: { limit: many, pth: x }
        audit.bare: { path: x }
      """
    let environment = ["CARDEA_TOKEN_NAMESPCE": "x", "CARDEA_CACHE_LEASE": "soon", "HOME": "/"]
    let result = readSettings(
      yaml, environment: environment, flags: ["store.url": "sqlite:y"],
      plugins: [SamplePlugin.self, BarePlugin.self])
    let texts = result.faults.map(\.description)
    let expected = [
      "cardea.yaml:2: store.ulr = sqlite:x: unknown setting. Did you mean store.url?",
      "cardea.yaml:3: server.port = 99999: out of range. Write a number between 0 and 65535.",
      "cardea.yaml:3: server.host = : empty. Write a value or remove the setting.",
      "cardea.yaml:5: token.namespace = a:b: not a namespace. "
        + "Write 1 to 246 characters of printable ASCII without space, colon or comma.",
      "cardea.yaml:6: token.format = [keysmith]: a list where one text belongs. Write one text.",
      "cardea.yaml:7: hash = 5: a section, not a setting. "
        + "Write its settings below it, such as hash.preferred.",
      "cardea.yaml:9: extract.headers = X-API-Key: one text where a list belongs. "
        + "Write a list in brackets: [one, two].",
      "cardea.yaml:10: extract.conflict = last: not one of refuse, first. Write one of them.",
      "cardea.yaml:11: namespace = tok: unknown setting. Did you mean token.namespace?",
      "cardea.yaml:13: plugins.listener.sampel: unknown plugin. "
        + "Did you mean plugins.listener.sample?",
      "cardea.yaml:14: plugins.listener.sample.limit = many: not a whole number. "
        + "Write a number between -9223372036854775808 and 9223372036854775807 "
        + "with the digits 0 to 9.",
      "cardea.yaml:14: plugins.listener.sample.pth = x: unknown setting. "
        + "Did you mean plugins.listener.sample.path?",
      "cardea.yaml:15: plugins.audit.bare.path = x: the plugin audit.bare takes no settings. "
        + "Remove the line.",
      "environment CARDEA_TOKEN_NAMESPCE: CARDEA_TOKEN_NAMESPCE: unknown setting. "
        + "Did you mean CARDEA_TOKEN_NAMESPACE?",
      "environment CARDEA_CACHE_LEASE: cache.lease = soon: not a duration. "
        + "Write a whole number and a unit, such as 500ms, 30s, 10m, 12h or 90d.",
    ]
    for text in expected { #expect(texts.contains(text), "\(text)") }
    #expect(texts.count == expected.count, "\(texts.filter { !expected.contains($0) })")
    #expect(result.settings[SettingsTable.storeURL] == "sqlite:y")
  }

  @Test("names of query items that carry tokens reach the server")
  func queryCredentials() {
    let result = readSettings("extract: { query: [api_key, token] }")
    #expect(result.faults == [])
    #expect(result.settings.serverConfiguration.queryCredentials == ["api_key", "token"])
  }

  @Test("a section or a file with nothing in it is no fault")
  func empty() {
    #expect(readSettings("").faults == [])
    #expect(readSettings("# nothing yet\n").faults == [])
    #expect(readSettings("store:\nplugins:\n").faults == [])
    #expect(readSettings("plugins: { audit.bare: {} }", plugins: [BarePlugin.self]).faults == [])
    #expect(
      readSettings("plugins: { audit.bear: {} }", plugins: [BarePlugin.self]).faults.count == 1)
  }

  @Test("a setting without a value is a fault")
  func noValue() {
    let result = readSettings("server:\n  port:\n")
    #expect(
      result.faults.map(\.description) == [
        "cardea.yaml:2: server.port: no value. "
          + "Write a value or remove the line; the default is 8420."
      ])
  }

  @Test("what is no YAML, or says a thing twice, is a fault with its line")
  func brokenFiles() {
    #expect(readSettings("a: [1, 2\nb: 3").faults.map(\.setting) == ["(file)"])
    #expect(readSettings("just text").faults.map(\.problem) == ["not a list of settings"])
    #expect(readSettings("- a\n- b").faults.map(\.problem) == ["not a list of settings"])
    #expect(
      readSettings("store:\n  url: a\n  url: b\n").faults.map(\.problem) == [
        "given twice (first in line 2)"
      ])
    let both = readSettings("server.port: 1\nserver:\n  port: 2\n")
    #expect(both.faults.map(\.problem) == ["given twice (first in line 1)"])
    #expect(
      readSettings("extract: { headers: [[a]] }").faults.map(\.problem) == [
        "an entry of the list is not a text"
      ])
    #expect(
      readSettings("server: { port: { x: 1 } }").faults.map(\.remedy) == [
        "Did you mean server.port?"
      ])
  }

  @Test("control characters of a file do not reach the terminal")
  func controlCharacters() {
    let result = readSettings("token: { namespace: \"a\\e[31mb\" }")
    #expect(result.faults.first?.description.contains("\u{1b}") == false)
    #expect(result.faults.first?.value == "a\\u{1b}[31mb")
  }

  @Test("a flat name says the same as a nested one")
  func flatNames() {
    #expect(readSettings("token.namespace: x").settings[SettingsTable.namespace] == "x")
  }
}
