import CardeaContracts

/// What is wrong with a rule of a policy, and how to put it right.
struct RuleFault: Error {
  let problem: String
  let remedy: String

  init(_ problem: String, _ remedy: String) {
    self.problem = problem
    self.remedy = remedy
  }

  /// As a fault of the setting that it stands in.
  func fault(of plugin: String, _ setting: String, _ value: String) -> ConfigurationFault {
    ConfigurationFault(
      plugin: plugin, setting: setting, value: value, problem: problem, remedy: remedy)
  }
}
