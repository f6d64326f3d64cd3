@_exported import CardeaContracts
