import CardeaKernel
import CardeaServer

extension Settings {
  /// What the server is configured with.
  package var serverConfiguration: ServerConfiguration {
    var server = ServerConfiguration()
    server.host = self[SettingsTable.host]
    server.port = self[SettingsTable.port]
    server.trustedProxies = self[SettingsTable.trustedProxies].compactMap { CIDR($0) }
    server.queryCredentials = self[SettingsTable.query]
    server.readsForms = !self[SettingsTable.form].isEmpty
    server.version = CardeaVersion.text
    return server
  }
}
