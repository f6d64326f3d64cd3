import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Records with every field set, told apart by a number. Higher numbers are newer.
enum Samples {
  /// 2026-01-01T00:00:00Z.
  static let start = Timestamp(milliseconds: 1_767_225_600_000)

  static func time(_ number: Int) -> Timestamp {
    Timestamp(milliseconds: start.milliseconds + Int64(number) * 1000)
  }

  /// An id that sorts by `number`, below 4096; `tag` tells kinds of records apart.
  static func id(_ number: Int, _ tag: UInt8 = 0) -> UUID {
    let random: [UInt8] = [
      UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number), tag, 1, 2, 3, 4,
      5, 6, 7,
    ]
    return .version7(at: time(number), random: random)
  }

  static func secret(_ number: Int, _ index: UInt8 = 0) -> StoredSecret {
    StoredSecret(
      id: id(number, 0x10 + index), hash: EncodedHash("plain$1$salt\(index)$digest\(number)"),
      format: index == 0 ? "underscore" : "dotted", createdAt: time(number),
      addresses: addresses(number))
  }

  /// Two addresses.
  static func addresses(_ number: Int) -> AddressSet {
    var set = AddressSet()
    set.insert(UInt64(number))
    set.insert(.max - UInt64(number))
    return set
  }

  /// A key in which no field has its default.
  static func key(_ number: Int, owner: OwnerRecord? = nil) -> KeyRecord {
    KeyRecord(
      id: id(number), prefix: "tok_kit\(number)", name: "key \(number)",
      description: "the key of number \(number)", kind: .system, keyClass: "gold",
      ownerID: owner?.id, scopes: ["orders:read", "orders:write"], format: "underscore",
      createdAt: time(number), createdBy: "key:tok_maker", expiresAt: time(number + 1_000_000),
      expiryNoticeDays: 7, reactivatedAt: time(number + 1),
      metadata: ["number": .integer(Int64(number)), "tags": .array([.string("a"), .null])],
      secrets: [secret(number)])
  }

  static func owner(
    _ number: Int, kind: OwnerRecord.Kind = .user, name: String? = nil, maxKeys: Int = -1
  ) -> OwnerRecord {
    OwnerRecord(
      id: id(number, 0xFF), kind: kind, name: name ?? "owner\(number)", maxKeys: maxKeys,
      createdAt: time(number), metadata: ["plan": .string("free"), "seats": .number(2.5)],
      members: ["ann", "bob\(number)"])
  }
}
