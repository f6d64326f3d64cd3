import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who is signed in to a page: in memory only, bounded, under the digest of what the cookie holds.
///
/// A session ends when it was not used for `idle`, when it is `maxAge` old, when its user signs out, when the process
/// ends, and when its key or its owner is not in force any more, which whoever uses it has to find out. Where there is no
/// room the session goes that was not used for longest: of the same key or owner first, who so drive out their own.
///
/// Threading: any thread.
final class PageSessions: Sendable {
  /// Bytes of what the cookie holds.
  private static let secretLength = 32
  static let mostOfOne = 10
  /// How often sessions that ended by themselves are swept out.
  private static let sweepInterval: Duration = .seconds(60)

  /// The sessions under their digests, and whose they are.
  private struct Table {
    var sessions: [[UInt8]: PageSession] = [:]
    var ofOne: [UUID: Set<[UInt8]>] = [:]
    var nextSweep = Timestamp.earliest

    mutating func insert(_ session: PageSession, _ digest: [UInt8]) {
      sessions[digest] = session
      ofOne[session.countsTo, default: []].insert(digest)
    }

    @discardableResult
    mutating func remove(_ digest: [UInt8]) -> PageSession? {
      guard let session = sessions.removeValue(forKey: digest) else { return nil }
      ofOne[session.countsTo]?.remove(digest)
      if ofOne[session.countsTo]?.isEmpty ?? false { ofOne[session.countsTo] = nil }
      return session
    }

    mutating func removeOldest(of digests: some Sequence<[UInt8]>) {
      let oldest = digests.min { left, right in
        guard let left = sessions[left], let right = sessions[right] else { return false }
        return left.usedAt < right.usedAt
      }
      if let oldest { remove(oldest) }
    }
  }

  private let table = Locked(Table())
  private let most: Int
  private let countsOwners: Bool
  private let primitives: any Primitives
  private let clock: any KernelClock
  let idle: Duration
  let maxAge: Duration

  /// - Parameters:
  ///   - most: sessions at once.
  ///   - countsOwners: whether an owner's sessions count together, whichever key they came with. Whoever can make keys for
  ///     themselves would else have room without end.
  init(
    most: Int, countsOwners: Bool, idle: Duration, maxAge: Duration, primitives: any Primitives,
    clock: any KernelClock
  ) {
    self.most = most
    self.countsOwners = countsOwners
    self.idle = idle
    self.maxAge = maxAge
    self.primitives = primitives
    self.clock = clock
  }

  /// A new session of somebody who was verified just now; what its cookie holds.
  func open(_ holder: PageHolder) -> String { begin(holder).secret }

  /// The same, and the session's id.
  func begin(_ holder: PageHolder) -> (id: UUID, secret: String) {
    let now = clock.now()
    let secret = random()
    let session = PageSession(
      id: UUID(), countsTo: holder.countsTo(owner: countsOwners), holder: holder,
      formToken: random(), startedAt: now, usedAt: now)
    let digest = digest(secret)
    table.withLock { table in
      sweep(&table, at: now)
      let own = table.ofOne[session.countsTo] ?? []
      if own.count >= PageSessions.mostOfOne {
        table.removeOldest(of: own)
      } else if table.sessions.count >= most {
        table.removeOldest(of: table.sessions.keys)
      }
      table.insert(session, digest)
    }
    return (session.id, secret)
  }

  private func sweep(_ table: inout Table, at now: Timestamp) {
    guard now >= table.nextSweep || table.sessions.count >= most else { return }
    table.nextSweep = now.adding(PageSessions.sweepInterval) ?? now
    for (digest, session) in table.sessions where !isAlive(session, at: now) {
      table.remove(digest)
    }
  }

  /// The session that a cookie stands for, which has been used by that; `nil` if there is none.
  func use(_ secret: String) -> PageSession? {
    let now = clock.now()
    let digest = digest(secret)
    return table.withLock { table in
      guard let session = table.sessions[digest] else { return nil }
      guard isAlive(session, at: now) else {
        table.remove(digest)
        return nil
      }
      table.sessions[digest]?.usedAt = now
      return session
    }
  }

  /// The same without use of it: what goes on by itself keeps no session alive.
  func look(_ secret: String) -> PageSession? {
    let now = clock.now()
    let digest = digest(secret)
    return table.withLock { table in
      table.sessions[digest].flatMap { isAlive($0, at: now) ? $0 : nil }
    }
  }

  /// Ends a session; what it was, if there was one.
  @discardableResult
  func end(_ secret: String) -> PageSession? {
    let digest = digest(secret)
    return table.withLock { $0.remove(digest) }
  }

  /// Changes a session, if it is still there.
  func change<Result: Sendable>(
    _ secret: String, _ change: (inout PageSession) -> Result
  ) -> Result? {
    let digest = digest(secret)
    return table.withLock { table in
      guard var session = table.sessions[digest] else { return nil }
      defer { table.sessions[digest] = session }
      return change(&session)
    }
  }

  /// What allows one form to be sent once.
  func newForm(_ secret: String) -> String {
    let form = random()
    giveBack(form, secret)
    return form
  }

  /// Allows a form to be sent that was taken and came to nothing.
  func giveBack(_ form: String, _ secret: String) {
    _ = change(secret) { session in
      session.forms.append(form)
      if session.forms.count > PageSession.mostForms { session.forms.removeFirst() }
    }
  }

  /// Whether the form was not sent before; from now on it was.
  func take(_ form: String, _ secret: String) -> Bool {
    change(secret) { session in
      guard let index = session.forms.firstIndex(of: form) else { return false }
      session.forms.remove(at: index)
      return true
    } ?? false
  }

  private func isAlive(_ session: PageSession, at now: Timestamp) -> Bool {
    guard let idleEnd = session.usedAt.adding(idle), let end = session.startedAt.adding(maxAge)
    else { return false }
    return now < idleEnd && now < end
  }

  private func random() -> String {
    Base64.encodeURL(primitives.randomBytes(PageSessions.secretLength))
  }

  private func digest(_ secret: String) -> [UInt8] {
    primitives.sha256(Array(secret.utf8)).bytes
  }
}
