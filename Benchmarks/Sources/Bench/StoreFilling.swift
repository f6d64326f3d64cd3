import Cardea
import CardeaSQLite
import Foundation

/// Makes keys as many services have them, in a store's bulk way and without log entries.
enum StoreFilling {
  /// Their class is `rare`, all others' `default`.
  static let rareKeys = 10

  /// Adds so many keys, made 7 ms apart, the last of them just now. Names come again; one key in ten never expires.
  /// - Returns: their prefixes.
  @discardableResult
  static func add(_ count: Int, to store: SQLiteStore) async throws -> [String] {
    let primitives = try SodiumPrimitives()
    let start = SystemClock().now().milliseconds - Int64(count) * 7
    var prefixes: [String] = []
    prefixes.reserveCapacity(count)
    while prefixes.count < count {
      let numbers = prefixes.count..<min(count, prefixes.count + 1_000)
      let changes = numbers.map { number in
        var key = key(number, at: start + Int64(number) * 7, primitives.randomBytes(20))
        if number % max(1, count / rareKeys) == 0 { key.keyClass = "rare" }
        prefixes.append(key.prefix)
        var change = StoreChange(drafts: [], primitives: primitives)
        change.key = .insert(key)
        return change
      }
      for result in await store.commit(changes) { _ = try result.get() }
    }
    return prefixes
  }

  private static func key(_ number: Int, at milliseconds: Int64, _ random: [UInt8]) -> KeyRecord {
    let created = Timestamp(milliseconds: milliseconds)
    let word = Int(random[0]) << 8 | Int(random[1])
    // None so soon that it would be announced.
    let day = Int64(random[2]) % 80 + 10
    var key = KeyRecord(
      id: id(milliseconds, random[..<10]), prefix: "tok_" + String(format: "%08d", number),
      name: word % 3 == 0 ? "Service \(word % 500)" : "service-\(word)-\(number % 7)",
      format: "keysmith", createdAt: created, createdBy: "bench",
      secrets: [
        StoredSecret(
          id: id(milliseconds, random[10...]), hash: EncodedHash("pbkdf2_sha512$100000$x$y"),
          format: "keysmith", createdAt: created)
      ])
    if number % 10 > 0 {
      key.expiresAt = Timestamp(milliseconds: milliseconds + day * 86_400_000 + Int64(number % 997))
    }
    return key
  }

  /// A UUID of version 7.
  private static func id(_ milliseconds: Int64, _ random: ArraySlice<UInt8>) -> UUID {
    let time = withUnsafeBytes(of: milliseconds.bigEndian) { Array($0[2...]) }
    var bytes = time + random
    bytes[6] = 0x70 | bytes[6] & 0x0F
    bytes[8] = 0x80 | bytes[8] & 0x3F
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
  }
}
