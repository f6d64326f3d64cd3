import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What can be done to one key: a page that says what will happen, and a form that does it.
enum KeyChangePages {
  /// A change that needs nothing but the key.
  private struct Change: Sendable {
    let name: String
    let title: String
    /// What is asked: `Suspend this key?`
    let question: String
    /// What will happen.
    let effect: String
    /// Whether it can't be undone.
    let isFinal: Bool
    let done: String
    let act: @Sendable (AuthKernel, UUID, Actor) async throws -> ChangedKey
  }

  private static let changes = [
    Change(
      name: "suspend", title: "Suspend", question: "Suspend this key?",
      effect: "Requests with this key are refused from now on, until somebody reactivates it.",
      isFinal: false, done: "The key is suspended."
    ) { try await $0.suspendKey($1, by: $2) },
    Change(
      name: "reactivate", title: "Reactivate", question: "Reactivate this key?",
      effect: "Requests with this key are allowed again, within its expiry and scopes.",
      isFinal: false, done: "The key is active again."
    ) { try await $0.reactivateKey($1, by: $2) },
    Change(
      name: "revoke", title: "Revoke", question: "Revoke this key?",
      effect: "Requests with this key are refused from now on, for ever. It can't be given back.",
      isFinal: true, done: "The key is revoked."
    ) { try await $0.revokeKey($1, by: $2) },
    Change(
      name: "purge", title: "Purge", question: "Purge this key?",
      effect: """
        The key is revoked, and its secret, name, description, metadata and what the logs say of it are erased. \
        Only its prefix, its dates and its place in the logs stay. None of it can be brought back.
        """, isFinal: true, done: "The key is purged."
    ) { try await $0.purgeKey($1, by: $2) },
    Change(
      name: "complete-rotation", title: "Complete rotation",
      question: "Complete the rotation of this key?",
      effect: "The old secret is refused from now on. Only the new one works.", isFinal: true,
      done: "The rotation is complete: only the new secret works."
    ) { try await $0.completeRotation($1, by: $2) },
    Change(
      name: "cancel-rotation", title: "Cancel rotation",
      question: "Cancel the rotation of this key?",
      effect: "The new secret is refused from now on. The old one works as before.", isFinal: true,
      done: "The rotation is cancelled: only the old secret works."
    ) { try await $0.cancelRotation($1, by: $2) },
  ]

  /// - Parameters:
  ///   - scope: what whoever is signed in must be granted; `nil` is nothing, where only their own keys are there.
  ///   - names: which changes there are besides a rotation; `nil` is all.
  static func add(to routes: inout PageRoutes, scope: String?, only names: Set<String>? = nil) {
    let key = "\(routes.site.keysPath)/{id}"
    for change in changes where names?.contains(change.name) ?? true {
      routes.get("\(key)/\(change.name)", scope: scope) { visit in
        let id = try visit.id()
        // What can't be done is said now.
        _ = try await change.act(visit.kernel, id, visit.actor.rehearsing)
        let stored = try await visit.key()
        let path = visit.site.path(of: stored)
        return visit.show(
          "confirm", title: "\(change.title): \(stored.key.prefix)", section: "keys",
          [
            "heading": change.question, "effect": change.effect,
            "button": change.title, "is_final": change.isFinal,
            "action": "\(path)/\(change.name)", "back": path,
            "key": KeyView.row(stored, on: visit.site, now: visit.now), "owner_record": false,
            "is_own": stored.key.id == visit.holder.keyID,
          ])
      }
      routes.post("\(key)/\(change.name)", scope: scope) { visit, _ in
        let changed = try await change.act(visit.kernel, try visit.id(), visit.actor)
        return visit.redirect(to: changed.stored, notice: change.done, receipt: changed.receipt)
      }
    }
    routes.get("\(key)/rotate", scope: scope) { visit in
      rotateForm(visit, try await visit.key(), .empty)
    }
    routes.post("\(key)/rotate", scope: scope) { try await rotate($0, $1) }
  }

  private static func rotateForm(
    _ visit: PageVisit, _ stored: StoredKey, _ form: PageForm, _ problem: Problem? = nil
  ) -> Response {
    let title = "Rotate key"
    return visit.show(
      "rotate", title: problem == nil ? title : "Error: \(title)", section: "keys",
      [
        "heading": title, "action": "\(visit.site.path(of: stored))/rotate",
        "back": visit.site.path(of: stored), "once": visit.newForm(),
        "key": KeyView.details(stored, on: visit.site, now: visit.now), "overlap": form["overlap"],
        "is_own": stored.key.id == visit.holder.keyID,
        "errors": PageText.errors(problem), "bad": PageText.bad(problem),
      ], status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func rotate(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    let id = try visit.id()
    do {
      let issued = try await visit.once(form) { claim in
        var rotation = try form.rotation().rotation()
        rotation.idempotency = claim
        return try await visit.kernel.rotateToken(id, rotation, by: visit.actor)
      }
      return KeyPages.issued(visit, issued, heading: "The key has a new token", isNew: false)
    } catch {
      let problem = try KeyPages.correctable(error)
      return rotateForm(visit, try await visit.key(), form, problem)
    }
  }
}
