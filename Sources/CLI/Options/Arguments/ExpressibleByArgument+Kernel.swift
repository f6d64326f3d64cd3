import ArgumentParser
import CardeaContracts

extension KeyRecord.Kind: ExpressibleByArgument {}

extension KeySort: ExpressibleByArgument {}

extension KeyState: ExpressibleByArgument {}

extension OwnerRecord.Kind: ExpressibleByArgument {}
