/// One thing that a plugin of some kind promises, and how to find out whether it keeps it.
///
/// The kit needs no test framework. With Swift Testing each promise becomes a test case of its own:
///
/// ```swift
/// @Suite struct MyHasherTests {
///   static let promises = HasherPromises { MyHasher() }.all
///
///   @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
///     try await promise.check()
///   }
/// }
/// ```
///
/// Threading: promises are independent of each other and may be checked at the same time; each
/// makes plugins of its own.
public struct Promise: Sendable, Identifiable, CustomStringConvertible {
  /// What is promised, as a sentence whose subject is the plugin: `refuses another secret`.
  public let name: String
  private let body: @Sendable () async throws -> Void

  /// - Parameter body: throws if the promise is broken. Whatever it throws is reported as
  ///   ``PromiseBroken``.
  public init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  public var id: String { name }
  public var description: String { name }

  /// Returns if the plugin keeps the promise, and throws ``PromiseBroken`` if not.
  public func check() async throws {
    do { try await body() } catch let broken as Broken {
      throw PromiseBroken(promise: name, reason: broken.reason)
    } catch let broken as PromiseBroken {
      throw broken
    } catch {
      throw PromiseBroken(promise: name, reason: "an error came out of it: \(error)")
    }
  }
}
