#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tokens of one namespace as a regular expression that every common scanner reads (PCRE, RE2, Python, POSIX
/// extended): what they look like, without their checksum.
enum TokenPattern {
  static func text(format: String, namespace: String) -> String {
    let prefix = escaped(namespace) + "_[A-Za-z0-9]{4,64}"
    return format == "underscore"
      ? prefix + "_[A-Za-z0-9]{22,134}" : prefix + ":[A-Za-z0-9]{16,128}[0-9]{6}"
  }

  private static func escaped(_ text: String) -> String {
    text.map { $0.isLetter || $0.isNumber || "_-/".contains($0) ? "\($0)" : "\\\($0)" }.joined()
  }
}
