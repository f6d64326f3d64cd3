import CardeaArgon2
import CardeaContracts
import CardeaDjango
import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaPBKDF2
import CardeaSessions
import CardeaSodium

/// Every plugin that comes with Cardea and needs nothing but the machine: primitives, hashers, formats,
/// extractors and, unless `sessions.enabled` is off, the issuer of session tokens. The store is the host's choice.
public struct StandardPlugins: PluginBundle {
  public let plugins: [any Plugin]

  /// - Throws: ``ConfigurationFaults`` with every fault of the options, not only the first.
  public init(_ options: StandardOptions = StandardOptions()) throws(ConfigurationFaults) {
    var parts = Parts()
    parts.add { () throws(ConfigurationFault) in try SodiumPrimitives() }
    parts.add { () throws(ConfigurationFault) in
      try PBKDF2SHA512Hasher(iterations: options.pbkdf2Iterations)
    }
    parts.add { () throws(ConfigurationFault) in
      try Argon2idHasher(
        operations: options.argon2Operations, mebibytes: options.argon2Mebibytes)
    }
    if !options.peppers.isEmpty {
      parts.add { () throws(ConfigurationFault) in
        try HMACSHA256Hasher(peppers: options.peppers)
      }
    }
    do throws(ConfigurationFault) { parts.plugins += try DjangoHashers().plugins } catch {
      parts.faults.append(error)
    }
    parts.plugins += [KeysmithFormat(), UnderscoreFormat(), DottedFormat(), PlainFormat()]
    for name in parts.tokens(options.headers, setting: "extract.headers") {
      parts.plugins.append(HeaderExtractor(name: name))
    }
    for scheme in parts.tokens(options.schemes, setting: "extract.schemes") {
      parts.plugins.append(AuthorizationExtractor(scheme: scheme))
    }
    for name in parts.names(options.queryNames, setting: "extract.query") {
      parts.plugins.append(QueryExtractor(name: name))
    }
    for name in parts.names(options.formNames, setting: "extract.form") {
      parts.plugins.append(FormExtractor(name: name))
    }
    if options.basic { parts.plugins.append(BasicExtractor()) }
    if options.sessions.enabled { parts.add(options.sessions) }
    guard parts.faults.isEmpty else { throw ConfigurationFaults(parts.faults) }
    plugins = parts.plugins
  }

  /// Plugins and faults as they are gathered.
  private struct Parts {
    var plugins: [any Plugin] = []
    var faults: [ConfigurationFault] = []

    mutating func add(_ make: () throws(ConfigurationFault) -> some Plugin) {
      do throws(ConfigurationFault) { plugins.append(try make()) } catch { faults.append(error) }
    }

    /// The issuer of session tokens. Without primitives it can't be built, which has been named then.
    mutating func add(_ sessions: SessionOptions) {
      let headers = tokens([sessions.header].filter { !$0.isEmpty }, setting: "sessions.header")
      let schemes = tokens([sessions.scheme].filter { !$0.isEmpty }, setting: "sessions.scheme")
      let extractors: [any CredentialExtractor] =
        headers.map { HeaderExtractor(name: $0) }
        + schemes.map { AuthorizationExtractor(scheme: $0) }
      if sessions.header.isEmpty, sessions.scheme.isEmpty {
        faults.append(
          ConfigurationFault(
            setting: "sessions.header", problem: "no request could carry a session token",
            remedy: "Name a header or a scheme, or set sessions.enabled: false."))
      }
      if sessions.slides, sessions.format == .jwt {
        faults.append(
          ConfigurationFault(
            setting: "sessions.sliding", value: "true",
            problem: "a JWT says when it expires, so its end can't move",
            remedy: "Set sessions.format: opaque."))
      }
      guard let primitives = plugins.compactMap({ $0 as? any Primitives }).first else { return }
      switch sessions.format {
      case .jwt:
        add { () throws(ConfigurationFault) in
          try JWTSessions(
            signingKeys: sessions.signingKeys, issuer: sessions.issuer,
            audience: sessions.audience, lifetime: sessions.lifetime, entries: sessions.entries,
            extractors: extractors, primitives: primitives)
        }
      case .opaque:
        plugins.append(
          OpaqueSessions(
            lifetime: sessions.lifetime, slides: sessions.slides, longest: sessions.longest,
            entries: sessions.entries, extractors: extractors, primitives: primitives))
      }
    }

    /// Names that a header field or a scheme can have: `token` of RFC 9110, section 5.6.2.
    mutating func tokens(_ names: [String], setting: String) -> [String] {
      let marks = Array("!#$%&'*+-.^_`|~".utf8)
      return accepted(names, setting: setting, rule: "letters, digits and !#$%&'*+-.^_`|~") {
        byte in
        let lowerCased = byte | 0x20
        return (lowerCased >= 0x61 && lowerCased <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
          || marks.contains(byte)
      }
    }

    /// Names that a query item or a form field can have.
    mutating func names(_ names: [String], setting: String) -> [String] {
      accepted(names, setting: setting, rule: "visible characters") { $0 > 0x20 && $0 != 0x7F }
    }

    private mutating func accepted(
      _ names: [String], setting: String, rule: String, _ holds: (UInt8) -> Bool
    ) -> [String] {
      names.filter { name in
        if !name.isEmpty, name.utf8.allSatisfy(holds) { return true }
        faults.append(
          ConfigurationFault(
            setting: setting, value: name, problem: "it is no such name",
            remedy: "Use \(rule), at least one."))
        return false
      }
    }
  }
}
