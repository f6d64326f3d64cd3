/// Variables that Kubernetes puts into the environment of every pod beside a service, under the
/// service's name: `CARDEA_PORT`, `CARDEA_SERVICE_HOST`, `CARDEA_PORT_8420_TCP_ADDR`, … (Kubernetes
/// documentation, *Service*, "Discovering services: environment variables").
enum ServiceLink {
  static let remedy = "Put enableServiceLinks: false into the pod's spec, or rename the service."

  /// Whether a variable that is no setting looks like one of them.
  static func isOne(_ name: String, _ value: String) -> Bool {
    let parts = name.split(separator: "_")
    let isAddress = ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
    let isPort = parts.indices.contains { index in
      parts[index] == "PORT" && parts[index...].dropFirst().first.flatMap { Int($0) } != nil
    }
    return name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || isPort
      || (parts.last == "PORT" && isAddress)
  }
}
