import Cardea
import CardeaPluginTestKit
import OwnerFromUserListener
import Testing

@Suite struct OwnerFromUserListenerTests {
  @Test func aUserOfTheHostBecomesAnOwner() async throws {
    let kernel = try AuthKernel.standard(store: MemoryStore())
    try await kernel.start()
    let listener = OwnerFromUserListener(kernel, maxKeys: 5)
    kernel.signals.subscribe(UserRegistered.self, id: listener.id, listener.delivery) {
      try listener.receive($0)
    }
    kernel.signals.publish(UserRegistered(userName: "alice"))
    kernel.signals.publish(UserRegistered(userName: "alice"))
    await kernel.signals.drain()
    let owner = try await kernel.owner(OwnerReference(name: "alice"))
    #expect(owner.maxKeys == 5)
    await kernel.shutdown()
  }

  @Test func aNameThatNoOwnerCanHaveIsReported() async throws {
    let kernel = try AuthKernel.standard(store: MemoryStore())
    try await kernel.start()
    let listener = OwnerFromUserListener(kernel)
    var failures = kernel.signals.stream(ListenerFailed.self).makeAsyncIterator()
    kernel.signals.subscribe(UserRegistered.self, id: listener.id, listener.delivery) {
      try listener.receive($0)
    }
    kernel.signals.publish(UserRegistered(userName: "a user"))
    #expect(await failures.next()?.listener == listener.id)
    await kernel.shutdown()
  }

  static let promises = ListenerPromises(samples: [
    UserRegistered(userName: "alice"), UserRegistered(userName: "bob"),
  ]) { OwnerFromUserListener(try .standard(store: MemoryStore())) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
