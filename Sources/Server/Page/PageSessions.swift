import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who is signed in to a page: in memory only, bounded, under the digest of what the cookie holds.
///
/// A session ends when it was not used for `idle`, when it is `maxAge` old, when its user signs out, when the process
/// ends, and when its key or its owner is not in force any more, which whoever uses it has to find out. Where there is no room
/// the session goes that was not used for longest; nobody can drive out the others' sessions.
///
/// Threading: any thread.
final class PageSessions: Sendable {
  /// Bytes of what the cookie holds.
  private static let secretLength = 32
  static let most = 1_000
  static let mostOfOne = 10

  private let sessions = Locked<[[UInt8]: PageSession]>([:])
  private let primitives: any Primitives
  private let clock: any KernelClock
  let idle: Duration
  let maxAge: Duration

  init(idle: Duration, maxAge: Duration, primitives: any Primitives, clock: any KernelClock) {
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
      id: UUID(), holder: holder, formToken: random(), startedAt: now, usedAt: now)
    let digest = digest(secret)
    sessions.withLock { sessions in
      sessions = sessions.filter { isAlive($0.value, at: now) }
      let own = sessions.filter { $0.value.holder.id == holder.id }
      if own.count >= PageSessions.mostOfOne { PageSessions.dropOldest(of: own, &sessions) }
      if sessions.count >= PageSessions.most { PageSessions.dropOldest(of: sessions, &sessions) }
      sessions[digest] = session
    }
    return (session.id, secret)
  }

  private static func dropOldest(
    of candidates: [[UInt8]: PageSession], _ sessions: inout [[UInt8]: PageSession]
  ) {
    let oldest = candidates.min { $0.value.usedAt < $1.value.usedAt }
    if let oldest { sessions[oldest.key] = nil }
  }

  /// The session that a cookie stands for, which has been used by that; `nil` if there is none.
  func use(_ secret: String) -> PageSession? {
    let now = clock.now()
    let digest = digest(secret)
    return sessions.withLock { sessions in
      guard let session = sessions[digest] else { return nil }
      guard isAlive(session, at: now) else {
        sessions[digest] = nil
        return nil
      }
      sessions[digest]?.usedAt = now
      return session
    }
  }

  /// The same without use of it: what goes on by itself keeps no session alive.
  func look(_ secret: String) -> PageSession? {
    let now = clock.now()
    let digest = digest(secret)
    return sessions.withLock { sessions in
      sessions[digest].flatMap { isAlive($0, at: now) ? $0 : nil }
    }
  }

  /// Ends a session; what it was, if there was one.
  @discardableResult
  func end(_ secret: String) -> PageSession? {
    let digest = digest(secret)
    return sessions.withLock { $0.removeValue(forKey: digest) }
  }

  /// Changes a session, if it is still there.
  func change<Result: Sendable>(
    _ secret: String, _ change: (inout PageSession) -> Result
  ) -> Result? {
    let digest = digest(secret)
    return sessions.withLock { sessions in
      guard var session = sessions[digest] else { return nil }
      defer { sessions[digest] = session }
      return change(&session)
    }
  }

  /// What allows one form to be sent once.
  func newForm(_ secret: String) -> String {
    let form = random()
    _ = change(secret) { session in
      session.forms.append(form)
      if session.forms.count > PageSession.mostForms { session.forms.removeFirst() }
    }
    return form
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
