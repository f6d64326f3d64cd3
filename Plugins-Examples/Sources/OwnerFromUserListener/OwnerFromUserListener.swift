public import CardeaLifecycle
internal import Dispatch

/// The host's own signal: somebody signed up with the service. A host declares such a type in its
/// own code and publishes it with `kernel.signals.publish(UserRegistered(userName: "alice"))`.
public struct UserRegistered: Signal {
  public static let name = "user_registered"
  public let userName: String

  public init(userName: String) { self.userName = userName }
}

/// Creates an owner for every user of the host, so that keys can be made for them.
///
/// It needs the kernel, which exists only after registration is over, so the host subscribes it
/// then:
///
/// ```swift
/// let listener = OwnerFromUserListener(kernel, maxKeys: 5)
/// kernel.signals.subscribe(UserRegistered.self, id: listener.id, listener.delivery) {
///   try listener.receive($0)
/// }
/// ```
public struct OwnerFromUserListener: SignalListener {
  public let id = "listener.owner_from_user"
  private let kernel: AuthKernel
  private let maxKeys: Int

  public init(_ kernel: AuthKernel, maxKeys: Int = -1) {
    self.kernel = kernel
    self.maxKeys = maxKeys
  }

  /// Waits for the owner on the lane's own thread, so that a failure is reported as
  /// `listener_failed` and signals are dealt with one after the other.
  public func receive(_ signal: UserRegistered) throws {
    let outcome = Outcome()
    let done = DispatchSemaphore(value: 0)
    Task {
      do throws(LifecycleError) {
        let owner = NewOwner(name: signal.userName, maxKeys: maxKeys)
        _ = try await kernel.createOwner(owner, by: .host)
      } catch .duplicateOwner {
        // The same user was announced before.
      } catch {
        outcome.error = error
      }
      done.signal()
    }
    done.wait()
    if let error = outcome.error { throw error }
  }
}

// @unchecked: written before the semaphore is signalled, read after it was waited for.
private final class Outcome: @unchecked Sendable {
  var error: LifecycleError?
}
