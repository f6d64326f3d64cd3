import Cardea

extension Settings {
  /// What the standard plugins are built with. Peppers and signing keys are read from their
  /// files here; what is wrong with them goes to `faults`.
  package func standardOptions(_ faults: inout [ConfigurationFault]) -> StandardOptions {
    var options = StandardOptions()
    options.pbkdf2Iterations = self[SettingsTable.pbkdf2Iterations]
    options.argon2Operations = self[SettingsTable.argon2Ops]
    options.argon2Mebibytes = self[SettingsTable.argon2MiB]
    options.headers = self[SettingsTable.headers]
    options.schemes = self[SettingsTable.schemes]
    options.queryNames = self[SettingsTable.query]
    options.formNames = self[SettingsTable.form]
    options.basic = self[SettingsTable.basic]
    for entry in self[SettingsTable.pepperFiles] {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      do throws(ConfigurationFault) {
        options.peppers.append(try Pepper(version: String(parts[0]), file: String(parts[1])))
      } catch {
        faults.append(error)
      }
    }
    options.sessions = sessionOptions(&faults)
    return options
  }

  private func sessionOptions(_ faults: inout [ConfigurationFault]) -> SessionOptions {
    var options = SessionOptions()
    options.enabled = self[SettingsTable.sessionsEnabled]
    options.format = SessionOptions.Format(rawValue: self[SettingsTable.sessionFormat]) ?? .jwt
    options.lifetime = self[SettingsTable.sessionTTL]
    options.slides = self[SettingsTable.sessionSliding]
    options.longest = self[SettingsTable.sessionMaxAge]
    options.entries = self[SettingsTable.sessionEntries]
    options.header = self[SettingsTable.sessionHeader]
    options.scheme = self[SettingsTable.sessionScheme]
    options.issuer = self[SettingsTable.sessionIssuer]
    options.audience = self[SettingsTable.sessionAudience]
    for file in self[SettingsTable.signingKeyFiles] {
      do throws(ConfigurationFault) {
        options.signingKeys.append(
          try Ed25519.PrivateKey(file: file, setting: SettingsTable.signingKeyFiles.name))
      } catch {
        faults.append(error)
      }
    }
    return options
  }
}
