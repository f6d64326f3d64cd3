import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/keys/bulk`: does something to the keys that were ticked in the list, once they were shown again: suspends or
/// revokes them, or what a plugin's action asks for. Each change is one of the kernel's, by the key that is signed in.
enum BulkPage {
  /// Ticked keys that one form may hold: a page of the list.
  private static let most = 1_000

  static func add(to routes: inout PageRoutes) {
    routes.post("/keys/bulk", scope: "cardea:keys:write") { try await answer($0, $1) }
  }

  private static let own = [
    PageAction(
      "suspend", title: "Suspend",
      effect: "Requests with these keys are refused from now on, until somebody reactivates them."
    ) { _ in .suspend },
    PageAction(
      "revoke", title: "Revoke",
      effect:
        "Requests with these keys are refused from now on, for ever. They can't be given back."
    ) { _ in .revoke },
  ]

  /// What was asked for, and what it comes to.
  private struct Plan {
    let name: String
    let action: PageAction
    var changes: [(key: StoredKey, change: PageChange)] = []
    /// Keys that the action leaves as they are.
    var left = 0

    var isOwn: Bool { BulkPage.own.contains { $0.name == name } }
    var isFinal: Bool {
      changes.contains { if case .revoke = $0.change { true } else { false } }
    }

    /// `Revoke 2 keys`; a plugin's title is whatever it is.
    var title: String {
      "\(action.title)\(isOwn ? " " : ": ")\(BulkPage.count(changes.count))"
    }

    var past: String {
      let words = Set(
        changes.map { change in
          switch change.change {
          case .update: "changed"
          case .suspend: "suspended"
          case .reactivate: "reactivated"
          case .revoke: "revoked"
          }
        })
      return words.count == 1 ? words.first ?? "changed" : "changed"
    }
  }

  private static func answer(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    var plan = try plan(form["action"], visit)
    let ids = form.all("id").compactMap { UUID(strict: $0) }
    guard !ids.isEmpty, ids.count <= most else {
      throw PageFault(
        status: .badRequest, title: "No key was ticked",
        detail: "Tick the keys in the list that are meant, and choose again.")
    }
    for id in ids {
      let stored = try await visit.kernel.key(id)
      if let change = plan.action.change(PageKey(stored, at: visit.now)) {
        plan.changes.append((stored, change))
      } else {
        plan.left += 1
      }
    }
    guard !plan.changes.isEmpty else {
      throw PageFault(
        status: .conflict, title: "There is nothing to do",
        detail: "\(plan.action.title) leaves the ticked keys as they are.")
    }
    guard form["confirmed"] == "yes" else { return show(visit, plan, heading: "\(plan.title)?") }
    var failures: [[String: Any]] = []
    var receipt: Receipt?
    for (key, change) in plan.changes {
      do throws(LifecycleError) {
        receipt = try await make(change, of: key.key.id, visit)
      } catch {
        failures.append([
          "path": visit.site.path(of: key), "prefix": key.key.prefix,
          "text": Problem(error).detail ?? error.code,
        ])
      }
    }
    let done = "\(count(plan.changes.count - failures.count)) \(plan.past)."
    if let last = receipt { receipt = await visit.kernel.renewed(last) }
    if failures.isEmpty { return visit.redirect("/keys", notice: done, receipt: receipt) }
    visit.keep(receipt)
    return show(visit, plan, heading: done, failures: failures)
  }

  private static func plan(_ name: String, _ visit: PageVisit) throws(Problem) -> Plan {
    let all = own.map { ($0.name, $0) } + visit.site.plugins.actions
    guard let action = all.first(where: { $0.0 == name })?.1 else {
      throw .invalid("action", "must be one of \(all.map(\.0).joined(separator: ", "))")
    }
    return Plan(name: name, action: action)
  }

  private static func make(
    _ change: PageChange, of id: UUID, _ visit: PageVisit
  ) async throws(LifecycleError) -> Receipt {
    let (kernel, actor) = (visit.kernel, visit.actor)
    // Who obeys is asked once, after the last change.
    let outcome = await ReceiptDetail.$namesNodes.withValue(false) {
      () async -> Result<Receipt, LifecycleError> in
      do throws(LifecycleError) {
        switch change {
        case .update(let edit):
          return .success(try await kernel.updateKey(id, edit, by: actor).receipt)
        case .suspend: return .success(try await kernel.suspendKey(id, by: actor).receipt)
        case .reactivate: return .success(try await kernel.reactivateKey(id, by: actor).receipt)
        case .revoke: return .success(try await kernel.revokeKey(id, by: actor).receipt)
        }
      } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  private static func count(_ number: Int) -> String { "\(number) key\(number == 1 ? "" : "s")" }

  /// - Parameter failures: what was not done; `nil` if nothing was done yet.
  private static func show(
    _ visit: PageVisit, _ plan: Plan, heading: String, failures: [[String: Any]]? = nil
  ) -> Response {
    visit.show(
      "bulk", title: heading, section: "keys",
      [
        "heading": heading, "effect": plan.action.effect, "action_name": plan.name,
        "button": plan.title, "is_final": plan.isFinal, "asks": failures == nil,
        "keys": plan.changes.map { KeyView.row($0.key, on: visit.site, now: visit.now) },
        "left": (plan.left > 0 ? count(plan.left) : nil).shown,
        "failures": failures ?? [], "failed": failures?.count ?? 0,
        "is_own": plan.changes.contains { $0.key.key.id == visit.holder.keyID },
      ])
  }
}
