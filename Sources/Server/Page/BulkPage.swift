import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/keys/bulk`: does something to the keys that were ticked in the list, once they were shown again: suspends,
/// revokes or purges them, or what a plugin's action asks for. Each change is one of the kernel's, by the key that is
/// signed in.
enum BulkPage {
  /// Ticked keys that one form may hold: a page of the list.
  private static let most = 1_000

  static func add(to routes: inout PageRoutes) {
    routes.post("/keys/bulk", scope: "cardea:keys:write") { try await answer($0, $1) }
  }

  /// What is done to a key: something that a plugin may ask for, too, or a purge, which is the page's own alone.
  private enum Change: Sendable {
    case asked(PageChange)
    case purge

    var isFinal: Bool {
      switch self {
      case .purge, .asked(.revoke): true
      case .asked: false
      }
    }

    var past: String {
      switch self {
      case .asked(.update): "changed"
      case .asked(.suspend): "suspended"
      case .asked(.reactivate): "reactivated"
      case .asked(.revoke): "revoked"
      case .purge: "purged"
      }
    }
  }

  private struct Action: Sendable {
    let name: String
    let title: String
    /// What will happen.
    let effect: String
    var isOwn = true
    /// `nil` leaves a key as it is.
    let change: @Sendable (PageKey) -> Change?
  }

  private static let own = [
    Action(
      name: "suspend", title: "Suspend",
      effect: "Requests with these keys are refused from now on, until somebody reactivates them."
    ) { _ in .asked(.suspend) },
    Action(
      name: "revoke", title: "Revoke",
      effect:
        "Requests with these keys are refused from now on, for ever. They can't be given back."
    ) { _ in .asked(.revoke) },
    Action(
      name: "purge", title: "Purge",
      effect: """
        These keys are revoked, and their secrets, names, descriptions, metadata and what the logs say of them are \
        erased. Only their prefixes, their dates and their places in the logs stay. None of it can be brought back.
        """
    ) { $0.state == .purged ? nil : .purge },
  ]

  /// What was asked for, and what it comes to.
  private struct Plan {
    let action: Action
    var changes: [(key: StoredKey, change: Change)] = []
    /// Keys that the action leaves as they are.
    var left = 0

    var isFinal: Bool { changes.contains { $0.change.isFinal } }

    /// `Revoke 2 keys`; a plugin's title is whatever it is.
    var title: String {
      "\(action.title)\(action.isOwn ? " " : ": ")\(BulkPage.count(changes.count))"
    }

    var past: String {
      let words = Set(changes.map(\.change.past))
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
    var done = "\(count(plan.changes.count - failures.count)) \(plan.past)."
    if plan.left > 0 { done += " Left as before: \(count(plan.left))." }
    if let last = receipt { receipt = await visit.kernel.renewed(last) }
    if failures.isEmpty { return visit.redirect("/keys", notice: done, receipt: receipt) }
    visit.keep(receipt)
    return show(visit, plan, heading: done, failures: failures)
  }

  private static func plan(_ name: String, _ visit: PageVisit) throws(Problem) -> Plan {
    if let action = own.first(where: { $0.name == name }) { return Plan(action: action) }
    let plugins = visit.site.plugins.actions
    guard let found = plugins.first(where: { $0.name == name })?.action else {
      let names = own.map(\.name) + plugins.map(\.name)
      throw .invalid("action", "must be one of \(names.joined(separator: ", "))")
    }
    return Plan(
      action: Action(name: name, title: found.title, effect: found.effect, isOwn: false) { key in
        found.change(key).map { .asked($0) }
      })
  }

  private static func make(
    _ change: Change, of id: UUID, _ visit: PageVisit
  ) async throws(LifecycleError) -> Receipt {
    let (kernel, actor) = (visit.kernel, visit.actor)
    // Who obeys is asked once, after the last change.
    let outcome = await ReceiptDetail.$namesNodes.withValue(false) {
      () async -> Result<Receipt, LifecycleError> in
      do throws(LifecycleError) {
        switch change {
        case .asked(.update(let edit)):
          return .success(try await kernel.updateKey(id, edit, by: actor).receipt)
        case .asked(.suspend): return .success(try await kernel.suspendKey(id, by: actor).receipt)
        case .asked(.reactivate):
          return .success(try await kernel.reactivateKey(id, by: actor).receipt)
        case .asked(.revoke): return .success(try await kernel.revokeKey(id, by: actor).receipt)
        case .purge: return .success(try await kernel.purgeKey(id, by: actor).receipt)
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
        "heading": heading, "effect": plan.action.effect, "action_name": plan.action.name,
        "button": plan.title, "is_final": plan.isFinal, "asks": failures == nil,
        "keys": plan.changes.map { KeyView.row($0.key, on: visit.site, now: visit.now) },
        "left": (plan.left > 0 ? count(plan.left) : nil).shown,
        "failures": failures ?? [], "failed": failures?.count ?? 0,
        "is_own": plan.changes.contains { $0.key.key.id == visit.holder.keyID },
      ])
  }
}
