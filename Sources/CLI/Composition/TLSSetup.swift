import Cardea
import CardeaServer

/// What the settings say of TLS, and what is wrong with it.
enum TLSSetup {
  /// The files, if there are to be any.
  static func files(_ settings: Settings) -> TLSFiles? {
    let (certificate, key) = (settings[SettingsTable.tlsCert], settings[SettingsTable.tlsKey])
    return certificate.isEmpty || key.isEmpty ? nil : TLSFiles(certificate: certificate, key: key)
  }

  /// What is wrong with the settings alone: half a pair, or a program that can't speak TLS.
  static func fault(_ settings: Settings) -> ConfigurationFault? {
    let (certificate, key) = (SettingsTable.tlsCert, SettingsTable.tlsKey)
    guard let given = [certificate, key].first(where: { !settings[$0].isEmpty }) else { return nil }
    guard ServerCertificate.isSupported else {
      return ConfigurationFault(
        setting: given.name, value: settings[given],
        problem: ServerCertificate.unsupported.problem,
        remedy: ServerCertificate.unsupported.remedy)
    }
    guard let other = [certificate, key].first(where: { settings[$0].isEmpty }) else { return nil }
    return ConfigurationFault(
      setting: given.name, value: settings[given], problem: "\(other.name) is not there with it",
      remedy: "Name both, the certificate and its key: \(other.flag ?? other.name) FILE.")
  }

  /// Reads the files, if there are to be any.
  /// - Throws: ``SettingFaults`` that says what is wrong with which.
  @discardableResult
  static func read(_ settings: Settings) throws -> ServerCertificate? {
    do throws(ConfigurationFault) {
      return try files(settings).map {
        (files: TLSFiles) throws(ConfigurationFault) -> ServerCertificate in
        try ServerCertificate(files)
      }
    } catch {
      throw SettingFaults([SettingFault(error, origins: settings.origins)])
    }
  }

  /// Of the files that the settings name.
  static func findings(_ settings: Settings, now: Timestamp) throws -> [Finding] {
    guard let certificate = try read(settings) else { return [] }
    var findings: [Finding] = []
    if certificate.endsSoon(at: now) {
      findings.append(
        .warning(
          "certificate_ends",
          "a certificate in server.tls_cert ends at \(certificate.expiresAt.rfc3339), the first of "
            + "its chain to do so"))
    }
    return findings
  }
}
