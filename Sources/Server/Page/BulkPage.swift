import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/keys/bulk`: suspends or revokes the keys that were ticked in the list, once they were shown again.
enum BulkPage {
  /// Ticked keys that one form may hold: a page of the list.
  private static let most = 1_000

  static func add(to routes: inout PageRoutes) {
    routes.post("/keys/bulk", scope: "cardea:keys:write") { try await answer($0, $1) }
  }

  private enum Action: String, CaseIterable {
    case suspend, revoke

    var title: String { self == .suspend ? "Suspend" : "Revoke" }
    var past: String { self == .suspend ? "suspended" : "revoked" }
    var effect: String {
      self == .suspend
        ? "Requests with these keys are refused from now on, until somebody reactivates them."
        : "Requests with these keys are refused from now on, for ever. They can't be given back."
    }
  }

  private static func answer(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    let action: Action = try Problem.choice("action", form["action"])
    let ids = form.all("id").compactMap { UUID(strict: $0) }
    guard !ids.isEmpty, ids.count <= most else {
      throw PageFault(
        status: .badRequest, title: "No key was ticked",
        detail: "Tick the keys in the list that are meant, and choose again.")
    }
    var keys: [StoredKey] = []
    for id in ids { keys.append(try await visit.kernel.key(id)) }
    guard form["confirmed"] == "yes" else {
      return show(visit, action, keys, heading: "\(action.title) \(count(keys.count))?")
    }
    var failures: [[String: Any]] = []
    for key in keys {
      do throws(LifecycleError) {
        switch action {
        case .suspend: _ = try await visit.kernel.suspendKey(key.key.id, by: visit.actor)
        case .revoke: _ = try await visit.kernel.revokeKey(key.key.id, by: visit.actor)
        }
      } catch {
        failures.append([
          "path": visit.site.path(of: key), "prefix": key.key.prefix,
          "text": Problem(error).detail ?? error.code,
        ])
      }
    }
    let done = "\(count(keys.count - failures.count)) \(action.past)."
    if failures.isEmpty { return visit.redirect("/keys", notice: done) }
    return show(visit, action, [], heading: done, failures: failures)
  }

  private static func count(_ number: Int) -> String { "\(number) key\(number == 1 ? "" : "s")" }

  private static func show(
    _ visit: PageVisit, _ action: Action, _ keys: [StoredKey], heading: String,
    failures: [[String: Any]] = []
  ) -> Response {
    visit.show(
      "bulk", title: heading, section: "keys",
      [
        "heading": heading, "effect": action.effect, "action_name": action.rawValue,
        "button": "\(action.title) \(count(keys.count))", "is_final": action == .revoke,
        "keys": keys.map { KeyView.row($0, on: visit.site, now: visit.now) }, "asks": !keys.isEmpty,
        "failures": failures, "failed": failures.count,
        "is_own": keys.contains { $0.key.id == visit.holder.keyID },
      ])
  }
}
