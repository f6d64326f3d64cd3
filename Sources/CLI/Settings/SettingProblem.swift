/// Why a text is not a value of its setting, and what would be.
package struct SettingProblem: Error, Sendable, Equatable {
  package let problem: String
  package let remedy: String

  package init(_ problem: String, remedy: String) {
    self.problem = problem
    self.remedy = remedy
  }
}
