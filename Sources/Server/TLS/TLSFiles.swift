#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the certificate and the key are that a server speaks TLS with.
public struct TLSFiles: Sendable, Equatable {
  /// `server.tls_cert`: a PEM file with the server's certificate, followed by those that lead to a root.
  public var certificate: String
  /// `server.tls_key`: a PEM file with the certificate's private key.
  public var key: String

  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  /// What tells whether either file is another than before, or may be read by others, without reading it. Links are followed, so that a folder
  /// that is swapped behind one (as Kubernetes does with secrets) is seen.
  struct Stamp: Sendable, Equatable {
    private let certificate: [Int64]
    private let key: [Int64]

    init(_ files: TLSFiles) {
      certificate = Stamp.facts(files.certificate)
      key = Stamp.facts(files.key)
    }

    /// Of a file that is not there: none.
    private static func facts(_ path: String) -> [Int64] {
      var status = stat()
      guard stat(path, &status) == 0 else { return [] }
      #if canImport(Darwin)
        let (written, changed) = (status.st_mtimespec, status.st_ctimespec)
      #else
        let (written, changed) = (status.st_mtim, status.st_ctim)
      #endif
      return [
        Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino),
        Int64(status.st_size), Int64(written.tv_sec), Int64(written.tv_nsec),
        // Another mode or owner, too.
        Int64(changed.tv_sec), Int64(changed.tv_nsec),
      ]
    }
  }
}
