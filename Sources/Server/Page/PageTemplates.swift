import Mustache

/// The templates, read once.
///
/// A value is text and is escaped wherever it stands. The library's own escaping goes by characters and leaves a
/// quote alone that a combining mark follows, so ours goes by bytes and every template is made to use it.
struct PageTemplates: Sendable {
  private let library: MustacheLibrary

  private static let sources: [(name: String, bytes: [UInt8])] = [
    ("layout", PackageResources.layout_mustache),
    ("sign-in", PackageResources.sign_in_mustache),
    ("fault", PackageResources.fault_mustache),
    ("overview", PackageResources.overview_mustache),
    ("health", PackageResources.health_mustache),
    ("chart", PackageResources.chart_mustache),
    ("plugin-value", PackageResources.plugin_value_mustache),
    ("plugin-panels", PackageResources.plugin_panels_mustache),
    ("keys", PackageResources.keys_mustache),
    ("key", PackageResources.key_mustache),
    ("key-form", PackageResources.key_form_mustache),
    ("rotate", PackageResources.rotate_mustache),
    ("issued", PackageResources.issued_mustache),
    ("confirm", PackageResources.confirm_mustache),
    ("bulk", PackageResources.bulk_mustache),
    ("owners", PackageResources.owners_mustache),
    ("owner", PackageResources.owner_mustache),
    ("owner-form", PackageResources.owner_form_mustache),
    ("audit", PackageResources.audit_mustache),
    ("entries", PackageResources.entries_mustache),
    ("verify", PackageResources.verify_mustache),
    ("signals", PackageResources.signals_mustache),
    ("signal-row", PackageResources.signal_row_mustache),
    ("webhooks", PackageResources.webhooks_mustache),
    ("webhook", PackageResources.webhook_mustache),
    ("webhook-form", PackageResources.webhook_form_mustache),
    ("webhook-rotate", PackageResources.webhook_rotate_mustache),
    ("webhook-secret", PackageResources.webhook_secret_mustache),
    ("dead-letters", PackageResources.dead_letters_mustache),
    ("errors", PackageResources.errors_mustache),
  ]

  init() throws {
    MustacheContentTypes.register(EscapedBytes(), named: EscapedBytes.name)
    var library = MustacheLibrary()
    for (name, bytes) in PageTemplates.sources {
      let text = String(decoding: bytes, as: UTF8.self)
      try library.register("{{% CONTENT_TYPE:\(EscapedBytes.name)}}\(text)", named: name)
    }
    self.library = library
  }

  func render(_ name: String, _ values: [String: Any]) -> String {
    library.render(values, withTemplate: name) ?? ""
  }
}

/// Text within HTML, between tags or in a quoted attribute (OWASP, cross site scripting prevention, rules 1 and 2).
private struct EscapedBytes: MustacheContentType {
  static let name = "CARDEA"

  func escapeText(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count + 16)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): bytes += "&amp;".utf8
      case UInt8(ascii: "<"): bytes += "&lt;".utf8
      case UInt8(ascii: ">"): bytes += "&gt;".utf8
      case UInt8(ascii: "\""): bytes += "&quot;".utf8
      case UInt8(ascii: "'"): bytes += "&#39;".utf8
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
