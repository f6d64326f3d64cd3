import ArgumentParser
import CardeaContracts

/// An IP address.
struct AddressArgument: ExpressibleByArgument, Sendable {
  let value: IPAddress

  init?(argument: String) {
    guard let value = IPAddress(argument) else { return nil }
    self.value = value
  }
}
