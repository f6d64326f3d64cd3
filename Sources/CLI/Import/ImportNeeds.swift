import CardeaContracts

/// What clients of another system need of the settings.
struct ImportNeeds: Sendable {
  var headers: [String] = []
  var schemes: [String] = []
  /// The format of their tokens.
  let format: String

  /// The settings that meet these needs, each with its whole value: what is in force, and what is needed beside
  /// it. So the last import's tell of every import before it, once their own were taken over.
  /// - Parameter namespace: the one that most imported prefixes have, if new tokens can have it too. One that
  ///   somebody chose stays.
  func settings(beside settings: Settings, namespace: String?) -> [NeededSetting] {
    var needed: [NeededSetting] = []
    let accept = settings[SettingsTable.tokenAccept]
    // Without a list every format is accepted, plain from its first key on.
    if !accept.isEmpty {
      let isPreferred = settings[SettingsTable.tokenFormat] == format
      needed.append(
        NeededSetting(SettingsTable.tokenAccept, accept, and: isPreferred ? [] : [format]))
    }
    let name = SettingsTable.namespace
    if settings.origin(name.name) != .standard {
      needed.append(NeededSetting(name: name.name, value: .one(settings[name])))
    } else if let namespace {
      needed.append(NeededSetting(name: name.name, value: .one(namespace)))
    }
    needed.append(
      NeededSetting(SettingsTable.headers, settings[SettingsTable.headers], and: headers))
    needed.append(
      NeededSetting(SettingsTable.schemes, settings[SettingsTable.schemes], and: schemes))
    return needed
  }
}
