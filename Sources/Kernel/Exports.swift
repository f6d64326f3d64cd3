@_exported import CardeaAudit
@_exported import CardeaCache
@_exported import CardeaContracts
@_exported import CardeaLimits
@_exported import CardeaSignals
