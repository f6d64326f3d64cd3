#if os(Linux)
  import CCrypt
  import CardeaContracts

  #if canImport(Musl)
    import Musl
  #else
    import Glibc
  #endif

  /// Verifies `bcrypt_sha256$$2b$COST$…` by libxcrypt: bcrypt of the 64 hexadecimal digits of the secret's
  /// SHA-256, which is how Django gets around bcrypt's limit of 72 bytes. A cost over 15 is not run.
  ///
  /// Threading: any thread; several calls at once.
  public struct DjangoBcryptSHA256Hasher: VerifyOnlyHasher {
    public let id = "hasher.bcrypt_sha256"
    public let algorithm = "bcrypt_sha256"
    public let cost = HashCost.slow

    public init() {}

    public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
      try check(request.hash)
      let digest = try OpenSSLDigest.sha256.of(request.secret, algorithm: algorithm)
      let hexadecimal = Array("0123456789abcdef".utf8)
      var phrase = digest.flatMap { [hexadecimal[Int($0 >> 4)], hexadecimal[Int($0 & 15)]] }
      phrase.append(0)
      // From `$2b$` on.
      let setting = String(request.hash.encoded.dropFirst(algorithm.utf8.count + 1))
      let memory = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
      memory.initialize(to: crypt_data())
      defer {
        explicit_bzero(memory, MemoryLayout<crypt_data>.size)
        memory.deallocate()
      }
      let output = phrase.withUnsafeBufferPointer { bytes -> [UInt8]? in
        bytes.withMemoryRebound(to: CChar.self) { characters -> [UInt8]? in
          guard let base = characters.baseAddress, let text = crypt_r(base, setting, memory) else {
            return nil
          }
          return UnsafeBufferPointer(start: text, count: strlen(text)).map {
            UInt8(bitPattern: $0)
          }
        }
      }
      // libxcrypt says failure by a result that begins with `*`.
      guard let output, output.first == UInt8(ascii: "$") else {
        throw .failed(algorithm: algorithm, reason: "crypt_r failed")
      }
      return DjangoHash.equal(output, Array(setting.utf8))
    }

    public func check(_ hash: EncodedHash) throws(HasherError) {
      let fields = try DjangoHash(hash, algorithm: algorithm, count: 5)
      try fields.expect(1, "")
      guard ["2a", "2b", "2y"].contains(where: { fields.bytes(2).elementsEqual($0.utf8) }) else {
        throw fields.unreadable
      }
      // Two digits, at least 04: bcrypt's own lower bound.
      let cost = fields.bytes(3)
      guard cost.count == 2, cost.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
        throw fields.unreadable
      }
      let value = Int(cost[0] - 0x30) * 10 + Int(cost[1] - 0x30)
      guard value >= 4 else { throw fields.unreadable }
      guard value <= 15 else { throw .beyondCeiling(algorithm: algorithm, limit: "a cost of 15") }
      // 22 digits of salt and 31 of digest, in bcrypt's own base64.
      let rest = fields.bytes(4)
      guard rest.count == 53, rest.allSatisfy({ DjangoBcryptSHA256Hasher.isDigit($0) }) else {
        throw fields.unreadable
      }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
      let lowerCased = byte | 0x20
      return (lowerCased >= 0x61 && lowerCased <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
    }
  }
#endif
