import CSodium
import CardeaContracts

/// The kernel's primitives from libsodium.
///
/// - Random bytes: `randombytes_buf`, the system's CSPRNG.
/// - Keyed digest: SipHash-2-4 with 128 bits of output (`crypto_shorthash_siphashx24`) under a key
///   that `init` draws at random, that never leaves the process and that is wiped with the last
///   reference.
/// - SHA-256: `crypto_hash_sha256` (FIPS 180-4).
/// - Comparison: `sodium_memcmp`.
/// - Ed25519: `crypto_sign_ed25519_*`, which also refuses public keys of small order.
///
/// Threading: immutable after `init`, so any thread may call anything.
// @unchecked: `key` is written in `init` and wiped in `deinit` only.
public final class SodiumPrimitives: Primitives, @unchecked Sendable {
  /// The 16 bytes that `crypto_shorthash_siphashx24` takes as its key. In memory of its own, so
  /// that a digest needs no copy of it.
  private let key: UnsafeMutablePointer<UInt8>

  public var id: String { "primitives.sodium" }

  /// Initialises libsodium, once per process, and draws the digest key.
  /// - Throws: ``ConfigurationFault`` if libsodium finds no source of randomness.
  public init() throws(ConfigurationFault) {
    guard sodium_init() >= 0 else {
      throw ConfigurationFault(
        plugin: "primitives.sodium", setting: "primitives",
        problem: "libsodium could not be initialised: it found no source of randomness",
        remedy: "Make getrandom(2) or /dev/urandom available to the process.")
    }
    key = .allocate(capacity: Int(crypto_shorthash_siphashx24_KEYBYTES))
    randombytes_buf(key, Int(crypto_shorthash_siphashx24_KEYBYTES))
  }

  deinit {
    sodium_memzero(key, Int(crypto_shorthash_siphashx24_KEYBYTES))
    key.deallocate()
  }

  /// - Parameter count: a negative one counts as zero.
  public func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, count))
    randombytes_buf(&bytes, bytes.count)
    return bytes
  }

  /// Allocates nothing.
  public func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128 {
    var output: (low: UInt64, high: UInt64) = (0, 0)
    withUnsafeMutablePointer(to: &output) { output in
      output.withMemoryRebound(to: UInt8.self, capacity: 16) { output in
        // libsodium asks for an address even of nothing; of zero bytes none is read.
        let input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        _ = crypto_shorthash_siphashx24(
          output, input ?? UnsafePointer(key), UInt64(bytes.count), key)
      }
    }
    return Digest128(low: output.low, high: output.high)
  }

  public func sha256(_ bytes: [UInt8]) -> Digest256 {
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    _ = crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
    // `digest` holds the 32 bytes that `Digest256` asks for, so the alternative is never taken.
    return Digest256(digest) ?? .zero
  }

  public func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && sodium_memcmp(left, right, left.count) == 0
  }

  public func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey {
    withKeyPair(of: key) { publicKey, _ in publicKey }
  }

  public func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature {
    withKeyPair(of: key) { _, pair in
      Ed25519.Signature(writing: { signature in
        _ = crypto_sign_ed25519_detached(signature, nil, message, UInt64(message.count), pair)
      })
    }
  }

  public func isValid(
    _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Bool {
    crypto_sign_ed25519_verify_detached(
      signature.bytes, message, UInt64(message.count), key.bytes) == 0
  }

  /// The public key, and what libsodium signs with: the seed with the public key behind it, wiped
  /// after `body`. Computed from the seed each time: a public key that is not the seed's would
  /// give the seed away.
  private func withKeyPair<Result>(
    of key: Ed25519.PrivateKey, _ body: (Ed25519.PublicKey, UnsafePointer<UInt8>) -> Result
  ) -> Result {
    var seed = key.seed.withUnsafeBytes { Array($0) }
    var pair = [UInt8](repeating: 0, count: Int(crypto_sign_ed25519_SECRETKEYBYTES))
    defer {
      seed.wipe()
      pair.wipe()
    }
    let publicKey = Ed25519.PublicKey(writing: { publicKey in
      _ = crypto_sign_ed25519_seed_keypair(publicKey, &pair, seed)
    })
    return body(publicKey, pair)
  }
}

extension SodiumPrimitives: CustomReflectable {
  /// Empty, so that dumping a value that holds the primitives does not show where the key lies.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
