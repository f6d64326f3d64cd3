/// The version of the program.
package enum CardeaVersion {
  package static let text = "0.1.0"
}
