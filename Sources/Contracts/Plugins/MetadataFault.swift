/// A field of a key's metadata is not what the plugin that reads it needs.
public struct MetadataFault: Error, Sendable, Equatable {
  /// The field's name in the metadata.
  public let field: String
  /// What it must be: `must be a list of networks such as 192.0.2.0/24`.
  public let reason: String

  public init(field: String, reason: String) {
    self.field = field
    self.reason = reason
  }
}
