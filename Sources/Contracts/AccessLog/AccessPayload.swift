/// What an access-log entry tells of people and clients: the part that a purge or a prune can erase.
public struct AccessPayload: Sendable, Equatable {
  /// Who acted, where it is not the key itself, as in rows from other systems.
  public var actor: String?
  /// The client's address.
  public var address: String?
  public var method: String?
  /// The owner's name.
  public var owner: String?
  public var path: String?
  /// The code of the policy or limit that denied.
  public var policy: String?
  public var requestID: String?
  /// The session whose token was presented, if it was not the key's own.
  public var session: String?
  /// Of an entry that counts several attempts: when the first was made; the entry has the last one's time.
  public var since: Timestamp?
  public var userAgent: String?
  /// What else a foreign row says.
  public var detail: String?

  public init() {}

  public init(_ event: AccessEvent) {
    address = event.request.clientAddress
    method = event.request.method.isEmpty ? nil : event.request.method
    owner = event.owner
    path = event.request.path.isEmpty ? nil : event.request.path
    policy = event.policy
    requestID = event.request.requestID
    session = event.session?.text
    userAgent = event.request.userAgent
  }

  /// A JSON object on one line, names in order, nothing between the parts. Listings look for fields as they
  /// are spelled here.
  public var json: [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    bytes.reserveCapacity(256)
    LineJSON.append("actor", actor, to: &bytes)
    LineJSON.append("address", address, to: &bytes)
    LineJSON.append("detail", detail, to: &bytes)
    LineJSON.append("method", method, to: &bytes)
    LineJSON.append("owner", owner, to: &bytes)
    LineJSON.append("path", path, to: &bytes)
    LineJSON.append("policy", policy, to: &bytes)
    LineJSON.append("request_id", requestID, to: &bytes)
    LineJSON.append("session", session, to: &bytes)
    LineJSON.append("since", since?.rfc3339, to: &bytes)
    LineJSON.append("user_agent", userAgent, to: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}
