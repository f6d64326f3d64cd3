/// What became of a record that came from another system.
package enum ImportOutcome: Sendable, Equatable {
  case imported
  /// It is here already; nothing was changed, whatever the other system says of it now.
  case present
  /// Why it can't be taken.
  case refused(String)
}
