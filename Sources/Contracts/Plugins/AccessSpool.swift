/// An audit sink that keeps what it recorded on this node until the store has it. The kernel moves it
/// there in batches.
public protocol AccessSpool: Plugin {
  /// What is to be moved: this process's own source, and those that earlier processes left behind.
  var sources: [any AccessSource] { get }
}
