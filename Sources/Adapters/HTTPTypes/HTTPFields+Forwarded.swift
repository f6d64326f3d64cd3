import HTTPTypes

extension HTTPFields {
  /// Whether any header is there that only proxies write: the peer is a proxy then, or claims to be
  /// one, and its address is not the client's.
  package var areForwarded: Bool {
    contains { field in
      let name = field.name.canonicalName
      return name == "forwarded" || name == "x-real-ip"
        || name.utf8.starts(with: "x-forwarded-".utf8)
    }
  }
}
