import CardeaContracts

/// What a ``TokenFormat`` promises.
public struct TokenFormatPromises: Sendable {
  private let make: @Sendable () throws -> any TokenFormat
  private let others: @Sendable () throws -> [any TokenFormat]
  private let namespace: String?
  private let hasChecksum: Bool

  /// - Parameters:
  ///   - namespace: the one that every prefix of this format has, if it takes none from the request.
  ///   - hasChecksum: `false` only for the format of another system whose tokens have none. It is then not asked
  ///     to find mistyped tokens.
  ///   - others: formats that may be accepted beside this one; none may claim the other's tokens.
  ///   - make: makes the format.
  public init(
    namespace: String? = nil, hasChecksum: Bool = true,
    others: @escaping @Sendable () throws -> [any TokenFormat] = { [] },
    _ make: @escaping @Sendable () throws -> any TokenFormat
  ) {
    self.make = make
    self.others = others
    self.namespace = namespace
    self.hasChecksum = hasChecksum
  }

  public var all: [Promise] {
    identityPromises(kind: "format") { try make() } + building + parsing
      + (hasChecksum ? checking : [])
  }

  private func request(
    namespace: String = "tok", identifier: Int = 8, secret: Int = 32, prefix: String? = nil,
    seed: UInt64 = 1
  ) -> TokenRequest {
    TokenRequest(
      namespace: namespace, identifierLength: identifier, secretLength: secret, prefix: prefix,
      primitives: SamplePrimitives(seed: seed))
  }

  private func bytes(_ token: Secret) -> [UInt8] { Array(token.reveal().utf8) }

  private func parse(_ format: any TokenFormat, _ token: [UInt8]) -> ParsedToken? {
    format.parse(token.span)
  }

  private func checkReadBack(_ format: any TokenFormat, _ built: BuiltToken) throws {
    let token = bytes(built.token)
    let parsed = try require(parse(format, token), "a token that it built does not parse")
    try require(
      parsed.secret.upperBound <= token.count && !parsed.secret.isEmpty,
      "the secret lies outside its token or is empty")
    if case .part(let range) = parsed.prefix {
      try require(
        range.upperBound <= token.count && !range.isEmpty,
        "the prefix lies outside its token or is empty")
      try require(!range.overlaps(parsed.secret), "prefix and secret overlap")
    }
    let prefix = token.withUnsafeBytes { parsed.prefix(of: $0, SamplePrimitives()) }
    try require(
      prefix?.utf8.elementsEqual(built.prefix.utf8) == true, "the prefix is read back otherwise")
    try require(
      token[parsed.secret].elementsEqual(bytes(built.secret)),
      "the secret is read back otherwise")
  }

  private var building: [Promise] {
    [
      Promise("has a name in snake_case") {
        let name = try make().name
        try require(isName(name), "the name is \"\(name)\"")
      },
      Promise("reads back what it builds") {
        let format = try make()
        let requests = [
          request(), request(namespace: "a"), request(namespace: "my_app_test"),
          request(identifier: 4, secret: 16), request(identifier: 64, secret: 128),
        ]
        for request in requests {
          for _ in 0..<20 { try checkReadBack(format, try format.build(request)) }
        }
      },
      Promise("builds secrets and prefixes of the length that was asked for") {
        let format = try make()
        for (identifier, secret) in [(8, 32), (4, 16), (64, 128)] {
          let built = try format.build(request(identifier: identifier, secret: secret))
          let shortest = try format.build(request(identifier: identifier, secret: 16))
          try require(
            built.token.count - shortest.token.count, is: secret - 16, "more characters of secret")
          try require(built.secret.count >= secret, "the secret is shorter than asked for")
          try require(
            built.prefix.utf8.count, is: (namespace ?? "tok").utf8.count + 1 + identifier,
            "characters of the prefix")
        }
      },
      Promise("builds prefixes of namespace, _ and identifier") {
        let prefix = try make().build(request(namespace: "my_app")).prefix
        try require(
          prefix.utf8.starts(with: "\(namespace ?? "my_app")_".utf8), "the prefix is \(prefix)")
      },
      Promise("never builds the same token twice") {
        let format = try make()
        let request = request()
        var prefixes: Set<String> = []
        var secrets: Set<String> = []
        for _ in 0..<500 {
          let built = try format.build(request)
          prefixes.insert(built.prefix)
          secrets.insert(built.secret.reveal())
        }
        try require(prefixes.count, is: 500, "different prefixes of 500")
        try require(secrets.count, is: 500, "different secrets of 500")
      },
      Promise("keeps the prefix of a key that is rotated") {
        let format = try make()
        let first = try format.build(request())
        let second = try format.build(request(prefix: first.prefix, seed: 2))
        try require(second.prefix, is: first.prefix, "the prefix after rotation")
        try require(second.secret != first.secret, "rotation kept the secret")
        try checkReadBack(format, second)
      },
      Promise("builds visible ASCII without a comma, at most 512 bytes") {
        let format = try make()
        let longest = request(
          namespace: String(repeating: "n", count: 246), identifier: 64, secret: 128)
        for request in [request(), longest] {
          guard let built = try? format.build(request) else { continue }
          let token = bytes(built.token)
          try require(
            token.count <= Candidate.capacity, "a token has \(token.count) bytes")
          try require(
            token.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") },
            "a token holds what no extractor takes")
        }
      },
      Promise("refuses what it can't write, without a trap") {
        let format = try make()
        let namespaces = [
          "", "a:b", "a b", "a\u{0}b", "t\u{f6}k", String(repeating: "n", count: 247),
        ]
        let impossible =
          (namespace == nil ? namespaces.map { request(namespace: $0) } : []) + [
            request(identifier: 0), request(identifier: -1), request(identifier: .max),
            request(secret: 0), request(secret: 15), request(secret: 129), request(secret: -1),
            request(secret: .max), request(prefix: ""), request(prefix: "tok_a:b"),
            request(prefix: "tok_a b"), request(prefix: "tok_\u{f6}"),
          ]
        for (number, request) in impossible.enumerated() {
          var refused = false
          do { _ = try format.build(request) } catch { refused = true }
          try require(
            refused,
            """
            it builds with namespace "\(request.namespace)", identifier \(request.identifierLength), \
            secret \(request.secretLength), prefix \(request.prefix ?? "none") (case \(number))
            """)
        }
      },
    ]
  }

  private var parsing: [Promise] {
    [
      Promise("accepts one spelling only") {
        let format = try make()
        let token = bytes(try format.build(request()).token)
        let text = String(decoding: token, as: UTF8.self)
        let spellings =
          [
            " \(text)", "\(text) ", "\(text)\n", "\(text)\r\n", "\t\(text)", "\"\(text)\"",
            "\(text)\u{0}", "\u{feff}\(text)", text + text, text + "=", "%" + text,
          ] + (hasChecksum ? [text.uppercased(), text.lowercased()] : [])
        for spelling in spellings where spelling.utf8.elementsEqual(token) == false {
          try require(parse(format, Array(spelling.utf8)) == nil, "\"\(spelling)\" parses")
        }
      },
      Promise("takes any bytes without a trap and claims none of them") {
        let format = try make()
        let random = SamplePrimitives(seed: 7)
        var inputs: [[UInt8]] = [
          [], [0], [0x3A], [0x5F], [0x2E], Array("_:".utf8), Array("tok_:".utf8),
          Array("tok:000000".utf8), [UInt8](repeating: 0xFF, count: 512),
          [UInt8](repeating: UInt8(ascii: "_"), count: 512),
          [UInt8](repeating: UInt8(ascii: ":"), count: 512),
          [UInt8](repeating: UInt8(ascii: "0"), count: 4096), Array("tok_\u{e9}:\u{e9}".utf8),
        ]
        for length in 0..<300 { inputs.append(random.randomBytes(length)) }
        for length in 0..<300 {
          let alphabet = Array("tok_:.-0189azAZ".utf8)
          inputs.append(
            random.randomBytes(length).map { alphabet[Int($0) % alphabet.count] })
        }
        for input in inputs {
          let parsed = parse(format, input)
          try require(
            parsed == nil || !hasChecksum, "\(input.count) meaningless bytes parse")
        }
      },
      Promise("claims no token of another format") {
        let format = try make()
        for (name, token) in TokenFormatPromises.foreign where name != format.name {
          try require(
            parse(format, Array(token.utf8)) == nil, "it claims the \(name) token \(token)")
        }
        for other in try others() {
          for seed in UInt64(1)...50 {
            let theirs = bytes(try other.build(request(seed: seed)).token)
            try require(
              parse(format, theirs) == nil,
              "it claims \(String(decoding: theirs, as: UTF8.self)) of \(other.name)")
            let ours = bytes(try format.build(request(seed: seed)).token)
            try require(
              parse(other, ours) == nil,
              "\(other.name) claims its \(String(decoding: ours, as: UTF8.self))")
          }
        }
      },
    ]
  }

  /// What a checksum is for.
  private var checking: [Promise] {
    [
      Promise("refuses every token with one character changed, added or missing") {
        let format = try make()
        let request = request()
        for _ in 0..<4 {
          let token = bytes(try format.build(request).token)
          for changed in mutations(of: token) {
            try require(
              parse(format, changed) == nil,
              "\"\(String(decoding: changed, as: UTF8.self))\" parses like "
                + "\"\(String(decoding: token, as: UTF8.self))\"")
          }
        }
      },
      Promise("refuses every part of a token") {
        let format = try make()
        let token = bytes(try format.build(request()).token)
        for length in 0..<token.count {
          try require(parse(format, Array(token.prefix(length))) == nil, "\(length) bytes parse")
          try require(
            parse(format, Array(token.suffix(length))) == nil, "the last \(length) bytes parse")
        }
      },
    ]
  }

  /// Whole credentials of other kinds that come in the same places.
  private static let foreign: [(name: String, token: String)] = [
    ("keysmith", "tok_XjyedQAT:F86dfb3IPnieGW3oeZ8kUbUPQq9KSNKp685533"),
    (
      "jwt",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    ),
    ("uuid", "018f3c2e-7b6a-7c11-9d55-0a1b2c3d4e5f"),
    ("hex", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("basic", "dXNlcjpwYXNzd29yZA=="),
  ]

  private func mutations(of token: [UInt8]) -> [[UInt8]] {
    var results: [[UInt8]] = []
    for index in token.indices {
      var shorter = token
      shorter.remove(at: index)
      results.append(shorter)
      for byte in [0, 0x20, 0x80, 0xFF] + Array("0a9ZA_:.-".utf8) {
        var longer = token
        longer.insert(byte, at: index)
        results.append(longer)
        guard byte != token[index] else { continue }
        var changed = token
        changed[index] = byte
        results.append(changed)
      }
      for bit in 0..<8 {
        var flipped = token
        flipped[index] ^= 1 << UInt8(bit)
        results.append(flipped)
      }
      if index > 0, token[index] != token[index - 1] {
        var swapped = token
        swapped.swapAt(index, index - 1)
        results.append(swapped)
      }
    }
    return results
  }
}
