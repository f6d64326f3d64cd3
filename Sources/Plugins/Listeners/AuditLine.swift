import CardeaContracts

/// An event as one line of JSON.
enum AuditLine {
  /// The event's JSON, names in order, and a line break. Whatever a client sends, the line stays one line
  /// and does nothing to a terminal (``LineJSON``); reading the JSON gives back exactly what was sent.
  static func bytes(_ event: AccessEvent) -> [UInt8] {
    let request = event.request
    var lines: [UInt8] = []
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
    return lines
  }

  /// So many attempts were refused, since they could not be recorded.
  static func bytes(unrecorded count: Int64, at time: Timestamp) -> [UInt8] {
    let denial = Denial(.auditUnavailable)
    var line = [UInt8(ascii: "{")]
    LineJSON.append("action", AccessDraft.action(for: denial.reason), to: &line)
    LineJSON.append("at", time.rfc3339, to: &line)
    LineJSON.append(name: "count", to: &line)
    line.append(contentsOf: String(count).utf8)
    LineJSON.append("outcome", "deny", to: &line)
    LineJSON.append("reason", denial.reason.rawValue, to: &line)
    LineJSON.append(name: "status", to: &line)
    line.append(contentsOf: String(denial.status).utf8)
    line.append(contentsOf: "}\n".utf8)
    return line
  }
}
