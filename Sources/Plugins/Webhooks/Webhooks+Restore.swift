import CardeaContracts

extension Webhooks {
  /// The endpoints of a store that can be read.
  package static func endpoints(
    in store: any PluginRecordStore
  ) async throws(StoreError) -> [WebhookEndpoint] {
    try await WebhookSurvey(store).statuses.map(\.endpoint)
  }

  /// Disables every endpoint that is not as it was in another store, or was not there at all: in a restored copy it
  /// would get what somebody has seen to that it gets no more, or signed with a secret that was taken out of use.
  /// - Returns: those that were disabled.
  package func disable(
    unlike others: [WebhookEndpoint], by actor: Actor
  ) async throws(LifecycleError) -> [WebhookEndpoint] {
    var disabled: [WebhookEndpoint] = []
    for status in try await all() where status.endpoint.isEnabled {
      let other = others.first { $0.id == status.endpoint.id }
      if let other, status.endpoint.sends(as: other) { continue }
      var edit = WebhookEdit()
      edit.isEnabled = false
      disabled.append(try await update(status.endpoint.id, edit, by: actor).endpoint)
    }
    return disabled
  }
}

extension WebhookEndpoint {
  /// Whether the same goes to the same place, signed by the same secrets.
  fileprivate func sends(as other: WebhookEndpoint) -> Bool {
    isEnabled == other.isEnabled && url.utf8.elementsEqual(other.url.utf8)
      && signals == other.signals && secrets == other.secrets
  }
}
