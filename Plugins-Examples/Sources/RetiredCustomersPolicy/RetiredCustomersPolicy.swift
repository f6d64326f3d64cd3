public import CardeaContracts
internal import Foundation

/// Denies the keys of customers who are no longer customers, by asking the host who knows.
///
/// It asks on every request, so no key that has an owner takes the warm path.
public struct RetiredCustomersPolicy: AsyncPolicy, ConfigurablePlugin {
  public static let id = "policy.retired_customers"
  public static let settings = [
    SettingDeclaration(
      "file", .string,
      "A file with the name of one retired customer a line. Unset: nobody is asked.")
  ]

  private let isRetired: @Sendable (_ owner: String) async throws -> Bool

  /// - Parameter isRetired: the host's own knowledge; if it throws, the request is denied.
  public init(isRetired: @escaping @Sendable (_ owner: String) async throws -> Bool) {
    self.isRetired = isRetired
  }

  /// The file is read again on each request, so a line that is added works at once.
  public static func make(
    settings: SettingValues
  ) throws(ConfigurationFault) -> RetiredCustomersPolicy? {
    guard let path = settings.string("file") else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.\(id).file", value: path, problem: "it can't be read",
        remedy: "Make the file; it may be empty.")
    }
    return RetiredCustomersPolicy { owner in
      let names = try String(contentsOfFile: path, encoding: .utf8)
      return names.utf8.split(separator: UInt8(ascii: "\n")).contains {
        $0.elementsEqual(owner.utf8)
      }
    }
  }

  public func applies(to identity: Identity) -> Bool { identity.owner != nil }

  public func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
    guard let owner = context.identity?.owner, try await isRetired(owner) else { return .pass }
    return .deny(PolicyDenial(code: "customer_retired"))
  }
}
