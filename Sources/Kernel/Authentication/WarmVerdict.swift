/// What could be decided at once: ``AuthKernel/decideIfWarm(_:requiring:)``.
public enum WarmVerdict: Sendable {
  /// It is accounted for.
  case settled(Verdict)
  /// It is decided, and waits to be recorded.
  case unsettled(UnsettledVerdict)
}
