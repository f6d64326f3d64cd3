import CardeaContracts
import Mustache

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The templates, read once: the built-in ones, and in place of some the files of `page.templates`.
///
/// A value is text and is escaped wherever it stands. The library's own escaping goes by characters and leaves a
/// quote alone that a combining mark follows, so ours goes by bytes and every template is made to use it.
public struct PageTemplates: Sendable {
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
    ("portal-sign-in", PackageResources.portal_sign_in_mustache),
    ("portal-link", PackageResources.portal_link_mustache),
    ("portal-keys", PackageResources.portal_keys_mustache),
    ("portal-key", PackageResources.portal_key_mustache),
    ("portal-key-form", PackageResources.portal_key_form_mustache),
  ]
  private static let ending = ".mustache"

  /// - Parameter folder: `page.templates`; `nil` is none.
  /// - Throws: ``ConfigurationFaults`` with everything that is wrong with the folder. Whatever else, a test rules out.
  init(folder: String?) throws {
    MustacheContentTypes.register(EscapedBytes(), named: EscapedBytes.name)
    var library = MustacheLibrary()
    for (name, bytes) in PageTemplates.sources {
      try PageTemplates.register(String(decoding: bytes, as: UTF8.self), name, in: &library)
    }
    if let folder {
      let faults = PageTemplates.take(folder, into: &library)
      guard faults.isEmpty else { throw ConfigurationFaults(faults) }
    }
    self.library = library
  }

  /// Whatever keeps a server from starting with this folder as `page.templates`.
  public static func faults(in folder: String) -> [ConfigurationFault] {
    var library = MustacheLibrary()
    MustacheContentTypes.register(EscapedBytes(), named: EscapedBytes.name)
    return take(folder, into: &library)
  }

  private static func register(
    _ text: String, _ name: String, in library: inout MustacheLibrary
  ) throws {
    try library.register("{{% CONTENT_TYPE:\(EscapedBytes.name)}}\(text)", named: name)
  }

  // MARK: the folder

  private static func take(
    _ folder: String, into library: inout MustacheLibrary
  ) -> [ConfigurationFault] {
    func fault(_ problem: String, _ remedy: String) -> ConfigurationFault {
      ConfigurationFault(
        setting: "page.templates", value: folder, problem: problem, remedy: remedy)
    }
    let files: [String]
    do { files = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      return [
        fault("the folder can't be read", "Name a folder that this user may read, or remove it.")
      ]
    }
    let names = sources.map(\.name)
    var faults: [ConfigurationFault] = []
    var references = TemplateReferences()
    for (name, bytes) in sources { references.note(String(decoding: bytes, as: UTF8.self), name) }
    var replaced: [String] = []
    for file in files.sorted() where !file.hasPrefix(".") {
      let shown = file.utf8.prefix(80).allSatisfy { $0 > 0x20 && $0 < 0x7F } ? file : "one file"
      let name = file.hasSuffix(ending) ? String(file.dropLast(ending.count)) : file
      guard file.hasSuffix(ending), names.contains(name) else {
        let near = NearestName.find(name, among: names)
        faults.append(
          fault(
            "\(shown) is in place of no template",
            "\(near.map { "Did you mean \($0)\(ending)? " } ?? "")Keep there only files named "
              + names.map { $0 + ending }.joined(separator: ", ") + "."))
        continue
      }
      guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(file)"),
        let text = String(validating: bytes, as: UTF8.self)
      else {
        faults.append(
          fault(
            "\(shown) is no text that can be read", "Write it as UTF-8 and let this user read it."))
        continue
      }
      if let tag = unescaped(text) {
        faults.append(
          fault(
            "\(shown) has \(tag), which may show what others wrote without escaping it",
            "Write {{name}}; values are always escaped, and the marks stay {{ and }}."))
        continue
      }
      do { try register(text, name, in: &library) } catch {
        faults.append(
          fault("\(shown) \(reason(error))", "Put it right, or start from the built-in one."))
        continue
      }
      references.note(text, name)
      replaced.append(name)
    }
    for name in replaced {
      for unknown in references.unknown(in: name) {
        let near = NearestName.find(unknown, among: names)
        faults.append(
          fault(
            "\(name)\(ending) takes in \(printable(unknown)), which is no template",
            "\(near.map { "Did you mean \($0)? " } ?? "")Name one of the built-in templates."))
      }
      if let way = references.cycle(of: name) {
        faults.append(
          fault(
            "\(name)\(ending) takes itself in, by \(way.joined(separator: ", then "))",
            "Take the tag {{> }} or {{< }} out that leads back; it would never end."))
      }
    }
    return faults
  }

  private static func printable(_ name: String) -> String {
    name.utf8.count <= 80 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !name.isEmpty
      ? "\"\(name)\"" : "something"
  }

  /// The first tag that would show a value as it is, or make others do so.
  private static func unescaped(_ text: String) -> String? {
    var rest = text.utf8[...]
    while let start = rest.firstRange(of: "{{".utf8) {
      rest = rest[start.upperBound...]
      let mark = rest.first { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
      if let mark, "{&=%".utf8.contains(mark) { return "{{\(Character(Unicode.Scalar(mark)))" }
    }
    return nil
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? MustacheTemplate.ParserError else { return "can't be read" }
    let what =
      switch error.error as? MustacheTemplate.Error {
      case .sectionCloseNameIncorrect: "a section is closed under another name"
      case .unfinishedName: "a tag has no end"
      case .expectedSectionEnd: "a section has no end"
      default: "a tag can't be read"
      }
    return "is no template: \(what), at line \(error.context.lineNumber)"
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
