import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct FaultyConfigurationTests {
  private func promises<Configured: ConfigurablePlugin>(_ type: Configured.Type) -> [Promise] {
    ConfigurationPromises(
      type, accepted: [SettingValues(["rounds": .integer(3)])],
      refused: [SettingValues(["rounds": .integer(0)])]
    ).all
  }

  @Test func aSoundOneKeepsEveryPromise() async {
    #expect(await broken(promises(SoundConfigurable.self)) == [])
  }

  @Test func aFaultyOneBreaksEveryPromise() async {
    #expect(await broken(promises(FaultyConfigurable.self)).count == 4)
  }
}

private struct SoundConfigurable: ConfigurablePlugin, Policy {
  static let id = "policy.sound"
  static let settings = [SettingDeclaration("rounds", .integer, default: "1", "How many.")]

  static func make(settings: SettingValues) throws(ConfigurationFault) -> Self? {
    guard let rounds = settings.integer("rounds"), rounds > 0 else {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.policy.sound.rounds", problem: "it is not positive",
        remedy: "Leave it out.")
    }
    return Self()
  }

  func evaluate(_ context: PolicyContext) -> PolicyDecision { .pass }
}

private struct FaultyConfigurable: ConfigurablePlugin, Policy {
  static let id = "policy.faulty"
  static let settings = [
    SettingDeclaration("rounds", .integer, default: "one", "How many."),
    SettingDeclaration("rounds", .integer, ""),
  ]

  static func make(settings: SettingValues) throws(ConfigurationFault) -> Self? {
    if settings.integer("rounds") == 0 {
      throw ConfigurationFault(setting: "something", problem: "", remedy: "")
    }
    return nil
  }

  func evaluate(_ context: PolicyContext) -> PolicyDecision { .pass }
}
