/// What a restore did.
struct RestoreReport: Encodable, Equatable {
  let store: String
  /// The replaced store's new name; `nil` if there was none.
  var replaced: String?
  /// Why the replaced store could not be asked what it denied.
  var unread: String?
  /// Prefixes of keys that the replaced store had ended, and the copy had not.
  var revoked: [String] = []
  var purged: [String] = []
  var suspended: [String] = []
  /// Suspended because their secrets changed since.
  var rotated: [String] = []
  /// Names of owners.
  var disabled: [String] = []
  /// Prefixes of keys whose scopes, class, expiry, metadata or owner are as they were before an edit.
  var edited: [String] = []
  /// Ids of webhooks that the replaced store did not have, or not so: they are disabled.
  var webhooks: [String] = []
  /// Where the replaced store's spool is still lying, if it could not be set aside.
  var spool: String?
  /// Keys that the replaced store had, and the copy has not.
  var missing = 0

  var lines: [String] {
    var lines = ["restored \(store)"]
    if let replaced {
      lines.append("what was there is now \(replaced)")
    } else {
      lines.append(
        "warning: no store was there to compare with: what was revoked since the backup is valid again. "
          + RestoreReport.remedy)
    }
    if let spool {
      lines.append("warning: \(spool) belongs to the replaced store and could not be moved: do it")
    }
    if let unread {
      lines.append(
        "warning: what was there can't be read (\(unread)): what was revoked since the backup is valid again. "
          + RestoreReport.remedy)
    }
    func add(_ what: String, _ names: [String], _ remedy: String = "") {
      guard !names.isEmpty else { return }
      let shown = names.prefix(20).joined(separator: " ")
      lines.append(
        "\(what): \(names.count) (\(shown)\(names.count > 20 ? " …" : ""))\(remedy)")
    }
    add("revoked again", revoked)
    add("purged again", purged)
    add("suspended again", suspended)
    add("rotated since and therefore suspended", rotated, "; rotate and reactivate them")
    add("owners disabled again", disabled)
    add(
      "edited since, and as they were before", edited,
      "; look at scopes, class, expiry and metadata")
    add(
      "webhooks removed or changed since, and therefore disabled", webhooks,
      "; cardea webhooks show tells where they go, cardea webhooks update --enable sends again")
    if missing > 0 {
      lines.append(
        "keys made since the backup, which are gone: \(missing). Should a newer backup bring them back, what was "
          + "ended of them stays so")
    }
    return lines
  }

  private static let remedy =
    "Look through cardea keys list --state active and cardea webhooks list"
}
