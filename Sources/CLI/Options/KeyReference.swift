import ArgumentParser
import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The key that a command is about, named by id or prefix.
struct KeyReference: ParsableArguments {
  @Argument(help: ArgumentHelp("The key's id or prefix, such as tok_ab12CD34.", valueName: "key"))
  var key: String

  /// A whole token must not stand on the command line, where every user of the machine can read it;
  /// it is not repeated here either.
  func validate() throws { try KeyReference.validate(key) }

  static func validate(_ key: String) throws {
    guard !key.utf8.contains(UInt8(ascii: ":")), key.utf8.count <= 320, !key.isEmpty,
      !TokenRedaction.ofReferences.holdsToken(key)
    else { throw ValidationError(hint) }
  }

  private static let hint =
    "name a key by its id or its prefix, which is what stands before the colon of its token; "
    + "a whole token on the command line can be read by others"

  func find(in kernel: AuthKernel) async throws -> StoredKey {
    try await KeyReference.find(key, in: kernel)
  }

  static func find(_ key: String, in kernel: AuthKernel) async throws -> StoredKey {
    // Also of a format that only this program's plugins know.
    if kernel.redaction.holdsToken(key) { throw CommandFailure.usage(hint) }
    do throws(LifecycleError) {
      if let id = UUID(uuidString: key) { return try await kernel.key(id) }
      return try await kernel.key(prefix: key)
    } catch {
      guard case .notFound = error else { throw CommandFailure(error) }
      throw CommandFailure.refused(
        "not_found", "no key has this id or prefix", remedy: "See: cardea keys list")
    }
  }
}
