import CardeaContracts

/// What ``Primitives`` promise.
public struct PrimitivesPromises: Sendable {
  private let make: @Sendable () throws -> any Primitives

  public init(_ make: @escaping @Sendable () throws -> any Primitives) { self.make = make }

  public var all: [Promise] {
    identityPromises(kind: "primitives") { try make() } + randomness + digests + [comparison]
      + signatures
  }

  private var randomness: [Promise] {
    [
      Promise("gives as many random bytes as were asked for") {
        let primitives = try make()
        for count in [0, 1, 7, 16, 32, 1000] {
          try require(primitives.randomBytes(count).count, is: count, "the number of bytes")
        }
      },
      Promise("never gives the same random bytes twice") {
        let primitives = try make()
        let draws = Set((0..<1000).map { _ in primitives.randomBytes(16) })
        try require(draws.count, is: 1000, "different draws of 1000")
        try require(
          try make().randomBytes(16) != make().randomBytes(16),
          "two instances begin with the same bytes")
      },
      Promise("uses every byte value about as often") {
        // 2^18 bytes: each value some 1024 times with a deviation of 32; ten of those are a fault.
        var counts = [Int](repeating: 0, count: 256)
        for byte in try make().randomBytes(1 << 18) { counts[Int(byte)] += 1 }
        for (byte, count) in counts.enumerated() {
          try require(abs(count - 1024) < 320, "the byte \(byte) came \(count) times of 262144")
        }
      },
    ]
  }

  private func digest(_ primitives: any Primitives, _ bytes: [UInt8]) -> Digest128 {
    bytes.withUnsafeBytes { primitives.keyedDigest($0) }
  }

  private var digests: [Promise] {
    [
      Promise("digests equal bytes alike, from many threads at once") {
        let primitives = try make()
        let bytes = Array("tok_ab12CD34:secret".utf8)
        let expected = digest(primitives, bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<8 {
            group.addTask {
              for _ in 0..<100 {
                try require(digest(primitives, bytes) == expected, "the digest changed")
              }
            }
          }
          try await group.waitForAll()
        }
      },
      Promise("digests differ in both halves for any other bytes") {
        let primitives = try make()
        let bytes = Array("tok_ab12CD34:0123456789abcdef".utf8)
        var inputs: [[UInt8]] = [bytes, [], [0], [0, 0], bytes + [0], Array(bytes.dropLast())]
        for index in bytes.indices {
          for bit in 0..<8 {
            var changed = bytes
            changed[index] ^= 1 << UInt8(bit)
            inputs.append(changed)
          }
        }
        let digests = inputs.map { digest(primitives, $0) }
        try require(
          Set(digests.map(\.low)).count == inputs.count, "two digests agree in the low half")
        try require(
          Set(digests.map(\.high)).count == inputs.count, "two digests agree in the high half")
        try require(
          digests.allSatisfy { $0.low != $0.high }, "both halves are the same 64 bits")
      },
      Promise("computes SHA-256 as FIPS 180-4 does") {
        let primitives = try make()
        let vectors: [(bytes: [UInt8], hex: String)] = [
          ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
          (
            Array("abc".utf8),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
          ),
          (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
          ),
          (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
          ),
        ]
        for vector in vectors {
          try require(
            hex(primitives.sha256(vector.bytes).bytes), is: vector.hex,
            "SHA-256 of \(vector.bytes.count) bytes")
        }
      },
    ]
  }

  private var comparison: Promise {
    Promise("compares every byte and the length") {
      let primitives = try make()
      let bytes = Array(UInt8(0)..<64)
      try require(primitives.equal(bytes, bytes), "equal bytes are told apart")
      try require(primitives.equal([], []), "no bytes are told apart from no bytes")
      for index in bytes.indices {
        var changed = bytes
        changed[index] ^= 1
        try require(!primitives.equal(bytes, changed), "byte \(index) is not compared")
      }
      try require(!primitives.equal(bytes, Array(bytes.dropLast())), "a shorter one is equal")
      try require(!primitives.equal(Array(bytes.dropLast()), bytes), "a longer one is equal")
      try require(!primitives.equal([], [0]), "a zero byte equals no byte")
    }
  }

  private var signatures: [Promise] {
    [
      Promise("signs as RFC 8032 does") {
        let primitives = try make()
        for vector in Ed25519Vector.all {
          let key = try vector.privateKey()
          let signature = primitives.sign(vector.message, with: key)
          try require(
            hex(primitives.publicKey(of: key).bytes), is: hex(vector.publicKey), "the public key")
          try require(
            hex(signature.bytes), is: hex(vector.signature),
            "the signature of \(vector.message.count) bytes")
        }
      },
      Promise("takes the signatures of RFC 8032") {
        let primitives = try make()
        for vector in Ed25519Vector.all {
          try require(
            primitives.isValid(
              try vector.publishedSignature(), of: vector.message,
              by: try vector.publishedPublicKey()),
            "the signature of \(vector.message.count) bytes is refused")
        }
      },
      Promise("takes no signature of anything else") {
        let primitives = try make()
        let key = try Ed25519Vector.key(0)
        let other = primitives.publicKey(of: try Ed25519Vector.key(1))
        let publicKey = primitives.publicKey(of: key)
        let message = Array(UInt8(0)..<64)
        let signature = primitives.sign(message, with: key)
        try require(
          primitives.isValid(signature, of: message, by: publicKey), "its own signature is refused")
        try require(
          !primitives.isValid(signature, of: message, by: other), "another key's is taken")
        try require(
          !primitives.isValid(signature, of: message + [0], by: publicKey),
          "a longer message is taken")
        try require(
          !primitives.isValid(signature, of: Array(message.dropLast()), by: publicKey),
          "a shorter message is taken")
        for index in message.indices {
          var changed = message
          changed[index] ^= 1
          try require(
            !primitives.isValid(signature, of: changed, by: publicKey),
            "byte \(index) of the message is not signed")
        }
        for index in signature.bytes.indices {
          var changed = signature.bytes
          changed[index] ^= 1
          try require(
            !primitives.isValid(
              try require(Ed25519.Signature(changed), "no signature"), of: message, by: publicKey),
            "byte \(index) of the signature is not looked at")
        }
      },
      Promise("takes one spelling of a signature") {
        // RFC 8032, section 5.1.7: the second half must be below the group's order, or adding that
        // would give another signature of the same message.
        let primitives = try make()
        for vector in Ed25519Vector.all {
          try require(
            !primitives.isValid(
              try vector.secondSpelling(), of: vector.message, by: try vector.publishedPublicKey()),
            "a signature whose second half is not below the order is taken")
        }
      },
    ]
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
