/// In which partition PostgreSQL keeps what belongs to a prefix: `hash_bytes_extended` of its `hashfn.c` over the bytes,
/// with the seed and the combination of its `partbounds.c`.
///
/// A statement that names the partition takes the server a third of the time of one that leaves it to be found: that
/// one takes locks of every partition, and prepares to read each. What is computed here is believed only once the server
/// has said the same (``check``).
enum PartitionHash {
  /// Whether the server divides keys and secrets as is computed here, and lets us read the partitions.
  static let check: Statement = {
    let probes = (0...25).map { String("tok_Az09.öü-sample_of_a_prefix".prefix($0)) }
    return Statement(
      """
      SELECT (SELECT bool_and(satisfies_hash_partition('cardea.keys'::regclass, \(Schema.partitions), p::int, t))
          FROM unnest($1, $2) probes (t, p))
        AND (SELECT count(*) = 2 * \(Schema.partitions) FROM pg_class c
          JOIN pg_inherits i ON i.inhrelid = c.oid
          JOIN (VALUES ('cardea.keys'::regclass, 'keys_'), ('cardea.secrets'::regclass, 'secrets_'))
            parents (id, name) ON parents.id = i.inhparent
          WHERE c.relnamespace = 'cardea'::regnamespace AND has_table_privilege(c.oid, 'SELECT')
            AND pg_get_expr(c.relpartbound, c.oid) = format(
              'FOR VALUES WITH (modulus %s, remainder %s)', \(Schema.partitions),
              substr(c.relname, length(parents.name) + 1))
            AND starts_with(c.relname, parents.name))
      """,
      [List(probes), List(probes.map { partition(of: $0, among: Schema.partitions) })])
  }()

  static func partition(of prefix: String, among count: Int) -> Int {
    var prefix = prefix
    return prefix.withUTF8 { Int((hash($0) &+ 0x49a0_f4dd_15e5_a8e3) % UInt64(count)) }
  }

  /// Bob Jenkins' lookup3 with a seed, little-endian.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let seed: UInt64 = 0x7A5B_2236_7996_DCFD
    let start = 0x9e37_79b9 &+ UInt32(truncatingIfNeeded: bytes.count) &+ 3_923_095
    var (a, b, c) = (start, start, start)
    a &+= UInt32(truncatingIfNeeded: seed >> 32)
    b &+= UInt32(truncatingIfNeeded: seed)
    mix(&a, &b, &c)
    var offset = 0
    while bytes.count - offset >= 12 {
      a &+= word(bytes, offset)
      b &+= word(bytes, offset + 4)
      c &+= word(bytes, offset + 8)
      mix(&a, &b, &c)
      offset += 12
    }
    // The lowest byte of the last word is for the length.
    a &+= word(bytes, offset)
    b &+= word(bytes, offset + 4)
    c &+= word(bytes, offset + 8) << 8
    finish(&a, &b, &c)
    return UInt64(b) << 32 | UInt64(c)
  }

  /// Four bytes, those behind the end being zero.
  private static func word(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt32 {
    var word: UInt32 = 0
    for index in 0..<4 where offset + index < bytes.count {
      word |= UInt32(bytes[offset + index]) << (8 * index)
    }
    return word
  }

  private static func turn(_ word: UInt32, _ bits: Int) -> UInt32 {
    word << bits | word >> (32 - bits)
  }

  private static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
    a = (a &- c) ^ turn(c, 4)
    c &+= b
    b = (b &- a) ^ turn(a, 6)
    a &+= c
    c = (c &- b) ^ turn(b, 8)
    b &+= a
    a = (a &- c) ^ turn(c, 16)
    c &+= b
    b = (b &- a) ^ turn(a, 19)
    a &+= c
    c = (c &- b) ^ turn(b, 4)
    b &+= a
  }

  private static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
    c = (c ^ b) &- turn(b, 14)
    a = (a ^ c) &- turn(c, 11)
    b = (b ^ a) &- turn(a, 25)
    c = (c ^ b) &- turn(b, 16)
    a = (a ^ c) &- turn(c, 4)
    b = (b ^ a) &- turn(a, 14)
    c = (c ^ b) &- turn(b, 24)
  }
}
