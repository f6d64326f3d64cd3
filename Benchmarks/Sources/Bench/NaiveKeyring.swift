import Foundation

/// What a naive service does: a dictionary from the token in clear to its user, behind one lock.
final class NaiveKeyring: @unchecked Sendable {
  private let lock = NSLock()
  private var users: [String: Int] = [:]

  init(_ tokens: [String]) { for (index, token) in tokens.enumerated() { users[token] = index } }

  func user(_ token: String) -> Int? {
    lock.lock()
    defer { lock.unlock() }
    return users[token]
  }
}
