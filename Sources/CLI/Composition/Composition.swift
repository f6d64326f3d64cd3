import Cardea
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A kernel that was built as the settings say. Nothing is opened or started yet.
struct Composition: Sendable {
  let settings: Settings
  let kernel: AuthKernel
  let store: StoreURL
  /// What the kernel measures; `nil` with `metrics.enabled: false`.
  let metrics: PrometheusMetrics?

  /// The settings file that is read when none is named, if it exists.
  static let standardFile = "cardea.yaml"

  /// Reads the settings and builds the kernel, or fails with every fault of both at once.
  static func make(
    config: String?, flags: [String: String], toolbox: Toolbox
  ) throws(SettingFaults) -> Composition {
    var faults: [SettingFault] = []
    let settings = read(config: config, flags: flags, toolbox: toolbox, faults: &faults)
    var found: [ConfigurationFault] = []
    let unread = Set(faults.map(\.setting))
    let built = build(settings, unread: unread, toolbox: toolbox, faults: &found)
    // In place of a value that could not be read stands the default: nothing to find fault with.
    faults += found.map { SettingFault($0, origins: settings.origins) }
      .filter { !unread.contains($0.setting) }
    faults = SettingFault.distinct(faults)
    guard faults.isEmpty, let built else { throw SettingFaults(SettingFault.ordered(faults)) }
    return Composition(
      settings: settings, kernel: built.kernel, store: built.store, metrics: built.metrics)
  }

  /// Starts the kernel.
  /// - Parameter recording: whether it is going to authenticate, so that what is recorded is opened.
  func start(recording: Bool) async throws {
    do {
      try await kernel.start(recording: recording)
    } catch let fault as ConfigurationFault {
      throw SettingFaults([SettingFault(fault, origins: settings.origins)])
    }
  }

  private static func read(
    config: String?, flags: [String: String], toolbox: Toolbox, faults: inout [SettingFault]
  ) -> Settings {
    var path = config
    if path == nil, FileManager.default.fileExists(atPath: standardFile) { path = standardFile }
    let file = path.flatMap { SettingsFile.load($0, faults: &faults) }
    let sources = SettingsSources(flags: flags, environment: toolbox.environment, file: file)
    let result = SettingsReader.read(sources, plugins: toolbox.plugins)
    faults += result.faults
    return result.settings
  }

  private static func build(
    _ settings: Settings, unread: Set<String>, toolbox: Toolbox,
    faults: inout [ConfigurationFault]
  ) -> (kernel: AuthKernel, store: StoreURL, metrics: PrometheusMetrics?)? {
    var registry = Registry()
    useStandard(settings, unread: unread, in: &registry, faults: &faults)
    for plugin in toolbox.plugins {
      let values = settings.plugins[plugin.id] ?? SettingValues([:])
      do throws(ConfigurationFault) {
        try plugin.make(settings: values)?.register(in: &registry)
      } catch {
        faults += [error] + others(than: error, of: plugin, values)
      }
    }
    var url: StoreURL?
    var configuration = settings.kernelConfiguration
    configuration.nodeVersion = CardeaVersion.text
    do throws(ConfigurationFault) {
      let parsed = try StoreURL(settings[SettingsTable.storeURL], schemes: toolbox.stores)
      let store = try parsed.makeStore()
      store.register(in: &registry)
      if store is any ManyNodeStore, settings[SettingsTable.nodeName].isEmpty {
        configuration.nodeName = NodeName.standard(settings)
      }
      url = parsed
      let accessLog = try AccessLogSetup(settings, parsed, store)
      accessLog.register(in: &registry)
    } catch {
      faults.append(error)
    }
    if let fault = TLSSetup.fault(settings) { faults.append(fault) }
    let keyFile = settings[SettingsTable.auditSigningKey]
    if !keyFile.isEmpty {
      do throws(ConfigurationFault) {
        configuration.auditSigningKey = try SigningKeyFile.read(keyFile)
      } catch { faults.append(error) }
    }
    let templates = settings[SettingsTable.pageTemplates]
    if !templates.isEmpty { faults += PageTemplates.faults(in: templates) }
    let metrics = settings[SettingsTable.metricsEnabled] ? PrometheusMetrics() : nil
    do throws(ConfigurationFaults) {
      let kernel = try AuthKernel(
        registry, configuration: configuration, meter: metrics.map { MetricsMeter($0) })
      return url.map { (kernel, $0, metrics) }
    } catch {
      // What is missing because it could not be built has been named already.
      let wasHalf = !faults.isEmpty
      faults += error.faults.filter { !wasHalf || !incomplete.contains($0.setting) }
      return nil
    }
  }

  /// What else is wrong with a plugin's lists: it is tried again without the entry that a fault names, for as long as
  /// there is another.
  private static func others(
    than first: ConfigurationFault, of plugin: any ConfigurablePlugin.Type, _ values: SettingValues
  ) -> [ConfigurationFault] {
    var faults: [ConfigurationFault] = []
    var (fault, values) = (first, values)
    while let entry = fault.value, let rest = values.removing(entry, from: fault.setting) {
      values = rest
      do throws(ConfigurationFault) {
        _ = try plugin.make(settings: values)
        break
      } catch {
        fault = error
        faults.append(error)
      }
    }
    return faults
  }

  /// Registers the standard plugins, or with a fault ones that stand in for them, so that the kernel
  /// finds no fault that only follows from it. With a fault no kernel leaves ``make``.
  private static func useStandard(
    _ settings: Settings, unread: Set<String>, in registry: inout Registry,
    faults: inout [ConfigurationFault]
  ) {
    let before = faults.count
    let options = settings.standardOptions(&faults)
    let isUnread = unread.contains(SettingsTable.pepperFiles.name)
    if settings[SettingsTable.hashPreferred] == "hmac_sha256", options.peppers.isEmpty,
      faults.count == before, !isUnread
    {
      faults.append(
        ConfigurationFault(
          setting: SettingsTable.hashPreferred.name, value: "hmac_sha256",
          problem: "it needs a pepper, and hash.pepper_files names none",
          remedy: "Make one, head -c 32 /dev/urandom > pepper-v1; chmod 600 pepper-v1, and write "
            + "hash.pepper_files: [v1=pepper-v1]."))
    }
    do throws(ConfigurationFaults) {
      let standard = try StandardPlugins(options)
      if faults.count == before, !isUnread { return registry.use(standard) }
    } catch {
      faults += error.faults
    }
    var others = StandardOptions()
    let random = (0..<Pepper.minimumLength).map { _ in UInt8.random(in: .min ... .max) }
    do throws(ConfigurationFault) {
      others.peppers = [try Pepper(version: "v1", secret: Secret(random))]
    } catch { faults.append(error) }
    do throws(ConfigurationFaults) { registry.use(try StandardPlugins(others)) } catch {
      faults += error.faults
    }
  }

  /// Faults of the kernel that follow from faults before it.
  private static let incomplete: Set<String> = ["store", "primitives", "extract"]
}
