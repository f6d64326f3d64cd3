public import CardeaContracts

/// A token in a cookie (RFC 6265), for browsers that talk to an API of their own site.
///
/// Remember that browsers send cookies unasked: routes that change something need protection
/// against cross-site requests when this extractor is in use.
public struct CookieExtractor: CredentialExtractor, ConfigurablePlugin {
  public static let id = "extractor.cookie"
  public static let settings = [
    SettingDeclaration("name", .string, "The cookie that holds the token. Unset: no cookie does.")
  ]

  private let name: String

  public init(name: String) { self.name = name }

  public static func make(settings: SettingValues) throws(ConfigurationFault) -> CookieExtractor? {
    guard let name = settings.string("name") else { return nil }
    guard !name.isEmpty,
      name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3B && $0 != 0x3D })
    else {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.\(id).name", value: name, problem: "no cookie has this name",
        remedy: "Use letters, digits, - and _.")
    }
    return CookieExtractor(name: name)
  }

  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.header("cookie") {
    case .absent: return
    case .repeated: throw .repeated
    case .one(let cookies):
      var rest = cookies.utf8[...]
      while !rest.isEmpty {
        let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
        let cookie = rest[..<end].drop { $0 == 0x20 }
        rest = rest[end...].dropFirst()
        guard let equals = cookie.firstIndex(of: UInt8(ascii: "=")),
          cookie[..<equals].elementsEqual(name.utf8)
        else { continue }
        // A second cookie of the name is refused here: a candidate is set once.
        try candidate.set(bytes: cookie[equals...].dropFirst())
      }
    }
  }
}
