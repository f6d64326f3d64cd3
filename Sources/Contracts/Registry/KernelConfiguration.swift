/// The kernel's own settings. Every one has a sensible default; the names in comments are those of the
/// settings file.
public struct KernelConfiguration: Sendable, Equatable {
  /// `token.format`: builds new tokens.
  public var tokenFormat = "keysmith"
  /// `token.accept`: formats that are accepted besides the preferred one; empty accepts every one that is
  /// registered, so that keys made under an earlier setting go on working, and a ``CatchAllFormat`` from the moment
  /// that the store holds a key of it.
  public var acceptedFormats: [String] = []
  /// `token.namespace`: 1 to 246 bytes of visible ASCII without `:` or `,`.
  public var namespace = "tok"
  /// `token.identifier_length`: 4 to 64 characters.
  public var identifierLength = 8
  /// `token.secret_length`: 16 to 128 characters.
  public var secretLength = 32
  /// `hash.preferred`: hashes new secrets.
  public var preferredHasher = "pbkdf2_sha512"
  /// `hash.pool_width`: threads that run slow hashes; 0 takes one per core.
  public var hashPoolWidth = 0
  /// `hash.queue_limit`: slow hashes that may wait; more are refused as overloaded.
  public var hashQueueLimit = 256
  /// `hash.deadline`: the longest that a slow hash may wait for its turn.
  public var hashDeadline: Duration = .seconds(2)
  /// `extract.conflict`: what becomes of a request with two different tokens.
  public var extractConflict: ExtractConflict = .refuse
  /// `keys.default_expiry`: `nil` is never.
  public var defaultExpiry: Duration? = .days(90)
  /// `keys.max_per_owner`: the limit of owners who are created without one; -1 is unlimited.
  public var maxKeysPerOwner = -1
  /// `keys.owner_must_exist`: whether creating a key for an unknown owner is refused.
  public var ownerMustExist = false
  /// `keys.expiring_notice`: how many days before its expiry a key is announced as expiring.
  public var expiryNoticeDays: [Int] = [30, 7, 1]
  /// `keys.suspend_unused`: keys that nobody used for so long are suspended; `nil` suspends none.
  public var suspendUnused: Duration?
  /// `keys.sweep_interval`: how often expiring, expired and unused keys are looked for; `nil` looks for none.
  public var sweepInterval: Duration? = .seconds(60)
  /// `owners.first_key`: the name of a key that every owner is given who is created by name; `nil` gives none.
  public var firstKeyName: String?
  /// How long a listener may take over one signal before it is reported as hung.
  public var listenerDeadline: Duration = .seconds(30)
  /// For how long a process holds a durable subscription at a time: after a crash, so long at most until another
  /// goes on with it.
  public var subscriptionClaim: Duration = .seconds(10)
  /// `scopes.available`: if not empty, the only scopes that keys may hold (besides `cardea:` ones).
  public var availableScopes: [String] = []
  /// `scopes.default`: what a key gets that is created without scopes.
  public var defaultScopes: [String] = []
  /// `cache.entries`: tokens whose match is remembered; 0 remembers none, so every request is hashed.
  public var cacheEntries = 100_000
  /// `cache.wrong_entries`: wrong tokens of existing keys that are remembered.
  public var wrongCacheEntries = 10_000
  /// `cache.lease`: how long the cache is trusted after the store last confirmed it.
  public var lease: Duration = .seconds(1)
  /// `cache.max_stale`: how long cached keys are served while the store can't be reached; at most 60 s.
  public var maxStale: Duration = .zero
  /// `limits.failed_per_address`: failed attempts that an address may make before it is answered 429; `nil` is
  /// no limit. That many at once, and then as they come back.
  public var failedPerAddress: Rate? = Rate(100, per: .seconds(60))
  /// `limits.failed_per_prefix_and_address`: failed attempts on one prefix from one address.
  public var failedPerPrefixAndAddress: Rate? = Rate(10, per: .seconds(60))
  /// `limits.entries`: addresses, and pairs of prefix and address, whose attempts are remembered.
  public var limitEntries = 100_000
  /// `errors.…`: what refused clients are told, where the middleware or server is given nothing else.
  public var refusalTexts = RefusalTexts.standard
  /// `keys.usage_interval`: how often gathered usage is written to the store. A kill loses what was gathered since.
  public var usageFlushInterval: Duration = .seconds(5)
  /// `node.name`: under which this node confirms receipts; 1 to 64 visible ASCII characters, of each node of a store
  /// its own.
  public var nodeName = "local"
  /// The program's version, as other nodes of the store see it.
  public var nodeVersion = "unknown"

  /// `audit.on_failure`: what becomes of an authentication that an audit sink could not record. Changes are
  /// always in the signal log or not made.
  public var auditOnFailure: AuditOnFailure = .deny
  /// `audit.retention`: how old entries of both logs may become; `nil` keeps them until somebody prunes.
  public var auditRetention: Duration?
  /// `audit.signing_key_file`: signs checkpoints of both logs; `nil` leaves them unsigned.
  public var auditSigningKey: Ed25519.PrivateKey?
  /// How often spooled authentications are moved to the store.
  public var auditDrainInterval: Duration = .seconds(1)
  /// How often a checkpoint is made and retention applied, if there is anything to do.
  public var auditUpkeepInterval: Duration = .seconds(300)

  /// What becomes of a request that could not be recorded.
  public enum AuditOnFailure: String, Sendable { case deny, allow }
  /// What becomes of a request in which several tokens were found: refused, or the first extractor's token counts.
  public enum ExtractConflict: String, Sendable { case refuse, first }

  /// Every setting at its default.
  public init() {}
}
