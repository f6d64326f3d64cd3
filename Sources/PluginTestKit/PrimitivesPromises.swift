import CardeaKernel

/// What ``Primitives`` promise.
public struct PrimitivesPromises: Sendable {
  private let make: @Sendable () throws -> any Primitives

  public init(_ make: @escaping @Sendable () throws -> any Primitives) { self.make = make }

  public var all: [Promise] {
    identityPromises(kind: "primitives") { try make() } + randomness + digests + [comparison]
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

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
