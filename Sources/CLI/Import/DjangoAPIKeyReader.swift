import CardeaLifecycle

/// The tables of django-apikey: profiles with a limit, and their keys in clear.
struct DjangoAPIKeyReader: SourceReader {
  let name = "django-apikey"
  let primitives: any Primitives
  let formats: AcceptedFormatNames
  private static let keys = "key_apikey"
  private static let profiles = "key_apikeyprofile"

  var needs: ImportNeeds { ImportNeeds(headers: ["X-Api-Authorization"], format: "plain") }

  func check(_ source: any SourceDatabase) throws {
    guard
      try source.has(DjangoAPIKeyReader.keys, ["id", "profile_id", "key", "last_used", "created"]),
      try source.has(DjangoAPIKeyReader.profiles, ["id", "user_id", "max_keys"])
    else {
      throw try unknown(source)
    }
    guard try DjangoUsers(source, of: DjangoAPIKeyReader.profiles, column: "user_id") != nil else {
      throw CommandFailure.wrongSource(source, "its profiles refer to no users with names")
    }
  }

  /// Another package of the same name has other tables; what it keeps is keys in clear.
  private func unknown(_ source: any SourceDatabase) throws -> CommandFailure {
    var failure = CommandFailure.wrongSource(
      source,
      "it has no tables of django-apikey's keys and profiles (key_apikey, key_apikeyprofile)")
    if try source.has("apikey_apikey", ["key", "user_id", "is_active"]) {
      failure.remedy =
        "Nothing was changed. Its table apikey_apikey holds keys in clear: cardea import plain FILE "
        + "--table apikey_apikey --key key --owner user_id --active is_active"
    }
    return failure
  }

  func total(in source: any SourceDatabase) throws -> Int {
    try source.count(DjangoAPIKeyReader.keys)
  }

  func owners(in source: any SourceDatabase) throws -> SourceItems<SourceOwner> {
    guard let users = try DjangoUsers(source, of: DjangoAPIKeyReader.profiles, column: "user_id")
    else { return SourceItems { nil } }
    let rows = try source.rows(
      """
      SELECT \(users.columns("u")), p.max_keys,
        (SELECT count(*) FROM key_apikey k WHERE k.profile_id = p.id)
      FROM key_apikeyprofile p
      JOIN \(SQLName(users.table)) u ON u.\(SQLName(users.key)) = p.user_id ORDER BY p.id
      """)
    return SourceItems(rows, row: { _, number in "key_apikeyprofile number \(number)" }) {
      (row, _) throws(RowFault) in
      var owner = try users.owner(row, from: 0)
      let most = try row.integer(3, "max_keys")
      guard (-1...1_000_000_000).contains(most) else { throw RowFault("max_keys is out of range") }
      // The limit only stops new keys: those beyond it work, here as there.
      owner.maxKeys = most < 0 ? -1 : max(Int(most), Int(try row.integer(4, "keys")))
      return owner
    }
  }

  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey> {
    guard let users = try DjangoUsers(source, of: DjangoAPIKeyReader.profiles, column: "user_id")
    else { return SourceItems { nil } }
    let rows = try source.rows(
      """
      SELECT k.key, k.created, k.last_used, u.\(SQLName(users.name)), k.id,
        \(try permission(source, users))
      FROM key_apikey k JOIN key_apikeyprofile p ON p.id = k.profile_id
      JOIN \(SQLName(users.table)) u ON u.\(SQLName(users.key)) = p.user_id ORDER BY k.id
      """)
    return SourceItems(
      rows, row: { row, number in "key_apikey \((try? row.text(4, "id")) ?? "number \(number)")" }
    ) { (row, label) throws(RowFault) in
      let text = try row.text(0, "key")
      let plain = try PlainKey(text, primitives)
      try formats.checkUnclaimed(text)
      let owner = try row.text(3, users.name)
      var key = SourceKey(
        row: "\(label) (\(plain.prefix))", seed: plain.hash, prefix: plain.prefix, name: owner,
        format: "plain", hash: plain.hash)
      key.createdAt = try row.date(1, "created")
      key.lastUsedAt = try row.optionalDate(2, "last_used")
      key.owner = OwnerReference(kind: users.arePeople ? .user : .organization, name: owner)
      if try !row.boolean(5, "can_use_api") { key.status = .suspended }
      return key
    }
  }

  /// Whether the user may use the API: the package asks for the permission `key.can_use_api` on every request,
  /// of the user, of a group, or as a superuser. Where the tables are others, it is taken for granted.
  private func permission(_ source: any SourceDatabase, _ users: DjangoUsers) throws -> String {
    let own = "\(users.table)_user_permissions"
    let groups = "\(users.table)_groups"
    guard try source.has(own, ["user_id", "permission_id"]),
      try source.has(groups, ["user_id", "group_id"]),
      try source.has("auth_group_permissions", ["group_id", "permission_id"]),
      try source.has("django_content_type", ["id", "app_label"]),
      try source.has(users.table, ["is_superuser"])
    else { return "1" }
    let id = "u.\(SQLName(users.key))"
    // Another app may call one of its own the same.
    let permission = """
      JOIN auth_permission a ON a.id = x.permission_id AND a.codename = 'can_use_api'
      JOIN django_content_type c ON c.id = a.content_type_id AND c.app_label = 'key'
      """
    return """
      CASE WHEN u.is_superuser OR EXISTS (
        SELECT 1 FROM \(SQLName(own)) x \(permission) WHERE x.user_id = \(id)
      ) OR EXISTS (
        SELECT 1 FROM \(SQLName(groups)) g
        JOIN auth_group_permissions x ON x.group_id = g.group_id \(permission)
        WHERE g.user_id = \(id)
      ) THEN 1 ELSE 0 END
      """
  }
}
