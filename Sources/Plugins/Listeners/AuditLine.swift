import CardeaContracts

/// An event as one line of JSON.
enum AuditLine {
  /// Appends the event's JSON, names in order, and a line break. Whatever a client sends, the line stays one line
  /// and does nothing to a terminal (``LineJSON``); reading the JSON gives back exactly what was sent.
  static func append(_ event: AccessEvent, to lines: inout [UInt8]) {
    let request = event.request
    lines.append(UInt8(ascii: "{"))
    LineJSON.append("action", event.action, to: &lines)
    LineJSON.append("address", request.clientAddress, to: &lines)
    LineJSON.append("at", event.at.rfc3339, to: &lines)
    LineJSON.append("key_id", event.keyID?.text, to: &lines)
    LineJSON.append("method", request.method, to: &lines)
    LineJSON.append("outcome", event.reason == nil ? "allow" : "deny", to: &lines)
    LineJSON.append("owner", event.owner, to: &lines)
    LineJSON.append("path", request.path, to: &lines)
    LineJSON.append("policy", event.policy, to: &lines)
    LineJSON.append("prefix", event.prefix, to: &lines)
    LineJSON.append("reason", event.reason?.rawValue, to: &lines)
    LineJSON.append("request_id", request.requestID, to: &lines)
    LineJSON.append("session", event.session?.text, to: &lines)
    LineJSON.append(name: "status", to: &lines)
    lines.append(contentsOf: String(event.status).utf8)
    LineJSON.append("user_agent", request.userAgent, to: &lines)
    lines.append(contentsOf: "}\n".utf8)
  }
}
