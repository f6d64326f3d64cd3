import CardeaKernel

/// An owner after a change: `{"owner", "receipt"}`.
public struct ChangedOwnerResource: Encodable, Sendable {
  public let owner: OwnerResource
  public let receipt: Receipt

  public init(_ changed: ChangedOwner) {
    owner = OwnerResource(changed.owner)
    receipt = changed.receipt
  }

  private enum CodingKeys: String, CodingKey { case owner, receipt }
}
