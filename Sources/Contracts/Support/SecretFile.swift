#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Reads secrets that are kept in files of their own: peppers, signing keys.
package enum SecretFile {
  /// The content of a file, every byte of it.
  ///
  /// The file must be a regular one (a symbolic link to one will do) and grant nothing to group and others.
  /// - Parameters:
  ///   - lengths: how many bytes it may hold.
  ///   - setting: the name of the setting that names the file, for faults.
  ///   - remedy: how such a file is made.
  /// - Throws: ``ConfigurationFault`` that names the setting and the path, never the content.
  package static func read(
    _ file: String, lengths: ClosedRange<Int>, plugin: String? = nil, setting: String,
    remedy: String
  ) throws(ConfigurationFault) -> Secret {
    func fault(_ problem: String, _ remedy: String) -> ConfigurationFault {
      ConfigurationFault(
        plugin: plugin, setting: setting, value: file, problem: problem, remedy: remedy)
    }
    // O_NONBLOCK: opening a named pipe must not wait for a writer. What was opened is what is
    // checked.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw fault(
        "the file can't be opened: \(String(cString: strerror(errno)))",
        "Name a file that this process may read.")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw fault("it is not a regular file", remedy)
    }
    guard status.st_mode & 0o077 == 0 else {
      throw fault(
        "others than its owner have access to the file", "Take it away: chmod 600 \(file)")
    }
    guard let secret = read(descriptor, atMost: lengths.upperBound) else {
      throw fault("the file can't be read", "Check the disk that it is on.")
    }
    guard lengths.contains(secret.count) else {
      throw fault(
        "the file is not \(lengths.lowerBound) to \(lengths.upperBound) bytes long", remedy)
    }
    return secret
  }

  /// Up to one byte more than is allowed, so that a longer file shows.
  private static func read(_ descriptor: Int32, atMost length: Int) -> Secret? {
    let capacity = length + 1
    return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      defer { buffer.wipe() }
      var count = 0
      while count < capacity {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let result = retry { systemRead(descriptor, rest) }
        if result < 0 { return nil }
        if result == 0 { break }
        count += result
      }
      return Secret(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Again as long as a signal interrupts.
  private static func retry(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}
