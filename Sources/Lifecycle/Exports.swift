@_exported import CardeaKernel
