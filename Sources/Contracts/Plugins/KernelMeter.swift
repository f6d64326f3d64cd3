/// Is told how long things took, for whoever measures. The kernel has one or none; `CardeaServer` has one that
/// hands on to swift-metrics.
///
/// Threading: any thread, many at once. It is called on the way of every request, before the verdict is returned:
/// an atomic addition or two, no lock, no allocation, no I/O.
public protocol KernelMeter: AnyObject, Sendable {
  /// An authentication was decided and accounted for.
  func note(_ authentication: MeasuredAuthentication)
  /// The store was asked for the key of a token: never where memory was enough.
  func note(_ lookup: MeasuredLookup)
  /// The store was asked to commit a change, or many in one call.
  func note(_ commit: MeasuredCommit)
}
