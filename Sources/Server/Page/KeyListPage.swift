import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

/// `/admin/keys`: the keys that every filter lets through, in any order, page by page.
enum KeyListPage {
  private static let pageLength = 50

  static func add(to routes: inout PageRoutes) {
    let query = QueryNames.keys.union(routes.site.plugins.filterNames).union(QueryNames.pages)
    routes.get("/keys", query: query, scope: "cardea:keys:read") { try await list($0) }
  }

  private static func list(_ visit: PageVisit) async throws -> Response {
    let (now, plugins) = (visit.now, visit.site.plugins)
    let fields = try visit.query(takesMetadata: true)
    var listing = KeyListing()
    var sort = KeySort.newest
    var problem: Problem?
    do {
      let wanted = try plugins.filter(fields)
      let place = try fields.before { KeyCursor($0) }
      if var query = try await KeyRoutes.query(fields, visit.exchange) {
        if fields.string("limit") == nil { query.limit = pageLength }
        sort = query.sort
        listing = try await KeyListing(query, before: place, wanted: wanted, visit.kernel)
      }
    } catch {
      let found = try KeyPages.correctable(error)
      guard found.status == 400 else { throw error }
      problem = found
    }
    let filters = PageFilters(
      visit.exchange.target.query,
      names: visit.exchange.takes.query.subtracting(QueryNames.pages.union(["cursor"])))
    let links = PageLinks.values(
      "/admin/keys", filters, previous: listing.previous?.text, next: listing.next?.text,
      isFurther: fields.string("cursor") != nil)
    let values: [String: Any] = [
      "keys": listing.items.map { stored in
        KeyView.row(stored, on: visit.site, now: now).merging([
          "cells": plugins.cells(PageKey(stored, at: now))
        ]) { $1 }
      }, "any": !listing.items.isEmpty, "plugin_columns": plugins.columns.map(\.title),
      "plugin_filters": plugins.fields(fields),
      "plugin_actions": plugins.actions.map { ["name": $0.name, "title": $0.action.title] },
      "filter": filters.values, "is_filtered": filters.isFiltering,
      "has_more_filters": filters.has(
        plugins.filterNames.union(
          ["kind", "class", "prefix", "created", "expires", "unused_since"])),
      "states": PageText.options(
        KeyState.allCases.map(\.rawValue), selected: fields.string("state"), any: "Any state"),
      "kinds": PageText.options(
        KeyRecord.Kind.allCases.map(\.rawValue), selected: fields.string("kind"), any: "Any kind"),
      "owner_kinds": PageText.options(
        OwnerRecord.Kind.allCases.map(\.rawValue), selected: fields.string("owner_kind") ?? "user"
      ), "errors": PageText.errors(problem),
    ]
    return visit.show(
      "keys", title: "Keys", section: "keys",
      values.merging(links) { $1 }.merging(SortView.values(sort, filters)) { $1 },
      status: problem == nil ? .ok : .badRequest)
  }
}
