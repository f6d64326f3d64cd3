import CardeaContracts

/// What a ``SecretHasher`` promises.
///
/// ```swift
/// HasherPromises(beyondCeiling: ["mine$99999999$c2FsdA$ZGlnZXN0"]) { MyHasher(rounds: 1_000) }.all
/// ```
public struct HasherPromises: Sendable {
  /// A secret and a hash that was made of it elsewhere: a published vector, or an older version's.
  public struct Known: Sendable {
    /// A secret.
    public let secret: String
    /// Its hash, made by somebody else.
    public let hash: EncodedHash

    public init(secret: String, hash: String) {
      self.secret = secret
      self.hash = EncodedHash(hash)
    }
  }

  private let make: @Sendable () throws -> any SecretHasher
  private let known: [Known]
  private let outdated: [EncodedHash]
  private let beyondCeiling: [EncodedHash]
  private let parameters: [Int]?

  /// - Parameters:
  ///   - known: hashes that must verify. A ``VerifyOnlyHasher`` is tried with the first of them in place of one
  ///     that it made: choose a cheap one.
  ///   - outdated: readable hashes of this algorithm that ought to be made again.
  ///   - beyondCeiling: hashes that ask for more work or memory than the hasher allows.
  ///   - parameters: which fields of a hash hold its parameters; unless given, all between the algorithm and the
  ///     last two.
  ///   - make: makes a hasher; give it cheap parameters, the promises hash some 50 times.
  public init(
    known: [Known] = [], outdated: [String] = [], beyondCeiling: [String] = [],
    parameters: [Int]? = nil, _ make: @escaping @Sendable () throws -> any SecretHasher
  ) {
    self.make = make
    self.known = known
    self.outdated = outdated.map { EncodedHash($0) }
    self.beyondCeiling = beyondCeiling.map { EncodedHash($0) }
    self.parameters = parameters
  }

  public var all: [Promise] {
    let verifiesOnly = (try? make()) is any VerifyOnlyHasher
    return identityPromises(kind: "hasher") { try make() } + naming
      + (verifiesOnly ? refusingToWrite : writing + readingOwn) + reading + refusing
      + [concurrency]
  }

  /// A hash of this hasher's algorithm and the secret that it was made of.
  private func sample(_ hasher: any SecretHasher) throws -> Known {
    guard hasher is any VerifyOnlyHasher else {
      return Known(secret: HasherPromises.text, hash: try hashed(hasher).encoded)
    }
    return try require(
      known.first, "a hasher that only verifies needs known hashes to be tried with")
  }

  private static let text = "Zq7hT2mWc9Lx4KpV0sYbN8dRf3JgUe6A"

  private func secret(_ text: String = HasherPromises.text) -> Secret { Secret(text.utf8) }

  private func hashed(
    _ hasher: any SecretHasher, _ text: String = HasherPromises.text, seed: UInt64 = 1
  ) throws -> EncodedHash {
    try hasher.hash(
      HashRequest(secret: secret(text), primitives: SamplePrimitives(seed: seed)))
  }

  /// What `verify` says; `nil` if it throws.
  private func answer(
    _ hasher: any SecretHasher, _ text: String, _ hash: EncodedHash
  ) -> Bool? {
    try? hasher.verify(VerifyRequest(secret: secret(text), hash: hash))
  }

  private var naming: [Promise] {
    [
      Promise("names its algorithm before the first $") {
        let hasher = try make()
        try require(
          isName(hasher.algorithm),
          "the algorithm is \"\(hasher.algorithm)\"; it should be small letters, digits and _")
        try require(sample(hasher).hash.algorithm, is: hasher.algorithm, "the hash begins with")
      }
    ]
  }

  private var refusingToWrite: [Promise] {
    [
      Promise("makes no hash, and wants every hash made by another") {
        let hasher = try make()
        var refused = false
        do { _ = try hashed(hasher) } catch { refused = true }
        try require(refused, "it made a hash")
        for sample in known {
          try require(hasher.needsRehash(sample.hash), "\(sample.hash.encoded) is left as it is")
        }
      }
    ]
  }

  private var writing: [Promise] {
    [
      Promise("counts the scheme of what it writes among those that it verifies") {
        let hasher = try make()
        let scheme = try hashed(hasher).scheme
        try require(
          hasher.schemes.contains(scheme), "\(scheme) is not among \(hasher.schemes)")
      },
      Promise("writes hashes of printable ASCII, at most 512 bytes") {
        let hash = try hashed(make()).encoded.utf8
        try require(hash.count <= 512, "a hash has \(hash.count) bytes")
        try require(
          hash.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a hash holds more than printable ASCII")
      },
      Promise("salts: two hashes of one secret differ") {
        let hasher = try make()
        let primitives = SamplePrimitives()
        let request = HashRequest(secret: secret(), primitives: primitives)
        let first = try hasher.hash(request)
        try require(first != hasher.hash(request), "the second hash is the first again")
      },
      Promise("keeps the secret out of the hash and out of what it prints") {
        let hasher = try make()
        let hash = try hashed(hasher)
        try require(
          !hash.encoded.contains(HasherPromises.text), "the encoded hash holds the secret")
        do {
          _ = try hasher.verify(
            VerifyRequest(secret: secret(), hash: EncodedHash("\(hasher.algorithm)$")))
        } catch {
          try require(
            !"\(error)".contains(HasherPromises.text), "an error holds the secret")
        }
      },
      Promise("leaves a fresh hash alone") {
        let hasher = try make()
        try require(
          !hasher.needsRehash(hashed(hasher)), "it wants to make a hash again that it just made")
      },
    ]
  }

  private var readingOwn: [Promise] {
    [
      Promise("verifies what it hashed, also in another instance") {
        let hash = try hashed(make())
        let verified = try make().verify(VerifyRequest(secret: secret(), hash: hash))
        try require(verified, "the secret that was hashed is refused")
      },
      Promise("verifies secrets of 16 and of 128 characters") {
        let hasher = try make()
        for length in [16, 128] {
          let text = String(repeating: "s", count: length)
          let hash = try hashed(hasher, text)
          let verified = try hasher.verify(VerifyRequest(secret: secret(text), hash: hash))
          try require(verified, "a secret of \(length) characters is refused")
          let cut = String(text.dropLast())
          try require(
            answer(hasher, cut, hash) == false, "\(length - 1) of \(length) characters verify")
        }
      },
    ]
  }

  private var reading: [Promise] {
    var promises = [
      Promise("refuses another secret without an error") {
        let hasher = try make()
        let sample = try sample(hasher)
        let (text, hash) = (sample.secret, sample.hash)
        let others = [
          "", "z" + text.dropFirst(), text.dropLast() + "B", String(text.dropLast()), text + "A",
          text.lowercased(), " " + text, hash.encoded,
        ]
        for other in others where other != text {
          let verified = try hasher.verify(VerifyRequest(secret: secret(other), hash: hash))
          try require(!verified, "a wrong secret of \(other.utf8.count) bytes verifies")
        }
      },
      Promise("takes on sight what it verifies") {
        let hasher = try make()
        try hasher.check(sample(hasher).hash)
        for sample in known { try hasher.check(sample.hash) }
      },
    ]
    if !known.isEmpty {
      promises.append(
        Promise("verifies the known hashes") {
          let hasher = try make()
          for sample in known {
            let verified = try hasher.verify(
              VerifyRequest(secret: secret(sample.secret), hash: sample.hash))
            try require(verified, "\(sample.hash.encoded) is refused")
            try require(
              answer(hasher, sample.secret + "x", sample.hash) == false,
              "\(sample.hash.encoded) verifies another secret")
          }
        })
    }
    if !outdated.isEmpty {
      promises.append(
        Promise("wants outdated hashes made again") {
          let hasher = try make()
          for hash in outdated {
            try require(hasher.needsRehash(hash), "\(hash.encoded) is left as it is")
          }
        })
    }
    return promises
  }

  private var refusing: [Promise] {
    var promises = [
      Promise("throws on an unreadable hash") {
        let hasher = try make()
        let algorithm = hasher.algorithm
        let text = try sample(hasher).secret
        let fields = try sample(hasher).hash.fields.map { String($0) }
        let whole = fields.joined(separator: "$")
        let rest = fields.dropFirst().joined(separator: "$")
        var unreadable: [String] = [
          "", "$", algorithm, "\(algorithm)$", "\(algorithm)$$$", "\(algorithm)$$$$$$$$",
          "other$\(rest)", "\(whole)$", "$\(whole)", fields.joined(separator: ":"),
          "\(algorithm)\u{0}$\(rest)",
        ]
        for index in fields.indices.dropFirst() {
          var changed = fields
          changed.remove(at: index)
          unreadable.append(changed.joined(separator: "$"))
          changed.insert("", at: index)
          if !fields[index].isEmpty { unreadable.append(changed.joined(separator: "$")) }
          changed[index] = "\u{e9}\u{0}!"
          unreadable.append(changed.joined(separator: "$"))
        }
        for encoded in unreadable {
          try require(
            answer(hasher, text, EncodedHash(encoded)) == nil, "\"\(encoded)\" is read")
          try requireRefusalOnSight(hasher, EncodedHash(encoded))
        }
      },
      Promise("throws on parameters that are no sensible number") {
        let hasher = try make()
        let secret = try sample(hasher).secret
        let fields = try sample(hasher).hash.fields.map { String($0) }
        for index in parameters ?? Array(fields.indices.dropFirst().dropLast(2)) {
          for number in ["99999999999999999999", "-1", "+5", "0", "1e3", " 1", "", "\u{0663}"] {
            for text in replacingNumbers(of: fields[index], by: number) {
              var changed = fields
              changed[index] = text
              let hash = EncodedHash(changed.joined(separator: "$"))
              try require(
                answer(hasher, secret, hash) == nil,
                "the parameters \"\(text)\" are taken")
            }
          }
        }
      },
      Promise("never verifies a hash that was tampered with") {
        let hasher = try make()
        let fields = try sample(hasher).hash.fields.map { String($0) }
        try require(fields.count >= 3, "a hash has no salt and digest of its own")
        for index in fields.indices.suffix(2) {
          let field = Array(fields[index].utf8)
          for position in Set([0, field.count / 3, field.count / 2]) where position < field.count {
            var bytes = field
            bytes[position] =
              bytes[position] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            try refuse(hasher, fields, index, String(decoding: bytes, as: UTF8.self))
          }
          for length in [1, field.count / 2] where length < field.count {
            try refuse(hasher, fields, index, String(fields[index].prefix(length)))
          }
        }
      },
    ]
    if !beyondCeiling.isEmpty {
      promises.append(
        Promise("refuses work beyond its ceiling") {
          let hasher = try make()
          for hash in beyondCeiling {
            var refusal: HasherError?
            do throws(HasherError) {
              _ = try hasher.verify(VerifyRequest(secret: secret(), hash: hash))
            } catch { refusal = error }
            guard case .beyondCeiling = refusal else {
              throw Broken("\(hash.encoded) gave \(refusal.map { "\($0)" } ?? "an answer")")
            }
            try requireRefusalOnSight(hasher, hash)
          }
        })
    }
    return promises
  }

  /// Those who verify what others made are asked about hashes that came from outside.
  private func requireRefusalOnSight(_ hasher: any SecretHasher, _ hash: EncodedHash) throws {
    guard hasher is any VerifyOnlyHasher else { return }
    var refused = false
    do { try hasher.check(hash) } catch { refused = true }
    try require(refused, "check lets \(hash.encoded) through")
  }

  private func refuse(
    _ hasher: any SecretHasher, _ fields: [String], _ index: Int, _ text: String
  ) throws {
    var changed = fields
    changed[index] = text
    let hash = EncodedHash(changed.joined(separator: "$"))
    try require(
      answer(hasher, sample(hasher).secret, hash) != true, "\(hash.encoded) verifies")
  }

  /// `text` with each of its runs of digits in turn replaced by `number`.
  private func replacingNumbers(of text: String, by number: String) -> [String] {
    let bytes = Array(text.utf8)
    func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    var results: [String] = []
    var start = 0
    while let first = bytes[start...].firstIndex(where: isDigit) {
      let end = bytes[first...].firstIndex { !isDigit($0) } ?? bytes.count
      let changed = bytes[..<first] + Array(number.utf8) + bytes[end...]
      results.append(String(decoding: changed, as: UTF8.self))
      start = end
    }
    return results
  }

  private var concurrency: Promise {
    Promise("answers alike from many threads at once") {
      let hasher = try make()
      let sample = try sample(hasher)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            let right = try hasher.verify(
              VerifyRequest(secret: secret(sample.secret), hash: sample.hash))
            let wrong = try hasher.verify(
              VerifyRequest(secret: secret("x\(number)"), hash: sample.hash))
            try require(right && !wrong, "an answer changed while others were asked")
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
