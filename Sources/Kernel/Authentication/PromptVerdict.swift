/// What there is of a verdict at once: ``AuthKernel/authenticatePromptly(_:requiring:)``.
public enum PromptVerdict: Sendable {
  /// It is accounted for.
  case settled(Verdict)
  /// It is still to be reached, or to be recorded.
  case pending(PendingVerdict)
}
