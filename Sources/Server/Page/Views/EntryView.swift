import CardeaContracts

/// An entry of the audit as the templates show it.
enum EntryView {
  static func row(_ item: AuditItem, now: Timestamp) -> [String: Any] {
    let summary = AuditResource(item).summary
    var values: [String: Any] = [
      "time": PageText.time(item.at, now: now), "actor": summary.actor.shown,
      "owner": summary.owner.shown, "address": summary.address.shown,
      "method": summary.method.shown, "target": summary.path.shown,
    ]
    switch item {
    case .access(let entry):
      values["action"] = entry.action
      values["prefix"] = entry.prefix.shown
      values["key_path"] = path(entry.keyID?.text)
      values["status"] = (entry.status == 0 ? nil : entry.status).shown
      values["reason"] = entry.reason.shown
      values["count"] = (entry.count > 1 ? entry.count : nil).shown
      values["erased"] = entry.payload == nil
      values["is_request"] = true
    case .signal(let entry):
      values["action"] = entry.signal
      values["prefix"] = entry.prefix.shown
      values["key_path"] = path(entry.keyID?.text)
      values["status"] = false
      values["reason"] = false
      values["count"] = false
      values["erased"] = entry.payload == nil
      values["is_request"] = false
    }
    return values
  }

  private static func path(_ id: String?) -> Any { id.map { "/admin/keys/\($0)" }.shown }
}
