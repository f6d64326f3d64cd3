import CardeaKernel

extension AuthKernel {
  /// A kernel of the standard plugins and one store.
  ///
  /// To add plugins of your own, make a ``Registry``, `use` ``StandardPlugins``, the store and
  /// them, and call ``AuthKernel/init(_:configuration:clock:meter:)``.
  /// - Throws: ``ConfigurationFaults`` with every fault of options and configuration at once.
  public static func standard(
    store: some KeyStore, options: StandardOptions = StandardOptions(),
    configuration: KernelConfiguration = KernelConfiguration(),
    clock: any KernelClock = SystemClock(), meter: (any KernelMeter)? = nil
  ) throws(ConfigurationFaults) -> AuthKernel {
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    registry.use(store)
    return try AuthKernel(registry, configuration: configuration, clock: clock, meter: meter)
  }
}
