import CardeaContracts

#if TLS
  import NIOSSL
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A certificate and its key, read and found to belong together. Immutable.
package struct ServerCertificate: Sendable {
  /// When the first of the chain's certificates ends: from then on clients refuse it, whichever it is.
  package let expiresAt: Timestamp

  /// So long before its end a certificate is warned of.
  package static let notice: Duration = .days(14)

  /// Whether less than ``notice`` is left.
  package func endsSoon(at now: Timestamp) -> Bool {
    expiresAt.milliseconds - now.milliseconds < ServerCertificate.notice.milliseconds
  }

  static let (certificateSetting, keySetting) = ("server.tls_cert", "server.tls_key")

  #if TLS
    package static let isSupported = true
    /// What a handshake is made with.
    let context: NIOSSLContext

    /// Reads both files.
    /// - Throws: what is wrong with which of them.
    package init(_ files: TLSFiles) throws(ConfigurationFault) {
      let chain = try ServerCertificate.chain(files.certificate)
      let key = try ServerCertificate.key(files.key)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      configuration.minimumTLSVersion = .tlsv12
      // Of TLS 1.2 only what RFC 9113, appendix A, admits and what keeps sessions secret after the key is known.
      configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
      configuration.applicationProtocols = ["h2", "http/1.1"]
      do { context = try NIOSSLContext(configuration: configuration) } catch {
        throw ServerCertificate.mismatch(chain, key, files)
      }
      let end = chain.map { Int64($0.notValidAfter) }.min() ?? 0
      expiresAt = Timestamp(milliseconds: end * 1_000)
    }

    /// Why the key is not that of the first certificate.
    private static func mismatch(
      _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey, _ files: TLSFiles
    ) -> ConfigurationFault {
      let place = chain.indices.dropFirst().first { index in
        let one = TLSConfiguration.makeServerConfiguration(
          certificateChain: [.certificate(chain[index])], privateKey: .privateKey(key))
        return (try? NIOSSLContext(configuration: one)) != nil
      }
      guard let place else {
        return ConfigurationFault(
          setting: keySetting, value: files.key,
          problem: "it is not the key of the certificate in \(files.certificate)",
          remedy: "Name the key that the certificate was made for.")
      }
      return ConfigurationFault(
        setting: certificateSetting, value: files.certificate,
        problem: "the server's own certificate is number \(place + 1) in the file, not the first",
        remedy: "Put it first, and then those that lead to a root.")
    }

    private static func chain(_ path: String) throws(ConfigurationFault) -> [NIOSSLCertificate] {
      let bytes = try read(path, of: certificateSetting)
      do { return try NIOSSLCertificate.fromPEMBytes(bytes) } catch {
        throw ConfigurationFault(
          setting: certificateSetting, value: path,
          problem: "the file holds no certificate that can be read",
          remedy:
            "Name a PEM file: -----BEGIN CERTIFICATE-----, the server's own certificate first, "
            + "and then those that lead to a root.")
      }
    }

    private static func key(_ path: String) throws(ConfigurationFault) -> NIOSSLPrivateKey {
      var bytes = try read(path, of: keySetting)
      defer { bytes.wipe() }
      do { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) } catch {
        let isEncrypted = bytes.firstRange(of: "ENCRYPTED".utf8) != nil
        throw ConfigurationFault(
          setting: keySetting, value: path,
          problem: isEncrypted
            ? "the key is protected by a passphrase" : "the file holds no key that can be read",
          remedy: isEncrypted
            ? "Write it without: openssl pkey -in FILE -out NEW, with mode 600."
            : "Name a PEM file: -----BEGIN PRIVATE KEY-----.")
      }
    }

    private static let mostBytes = 1 << 20

    private static func read(
      _ path: String, of setting: String
    ) throws(ConfigurationFault) -> [UInt8] {
      func fault(_ problem: String, _ remedy: String) -> ConfigurationFault {
        ConfigurationFault(setting: setting, value: path, problem: problem, remedy: remedy)
      }
      // O_NONBLOCK: opening a named pipe must not wait for a writer. What was opened is what is checked.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else {
        throw fault(
          "the file can't be opened: \(String(cString: strerror(errno)))",
          "Name a file that the server's user may read.")
      }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw fault("it is not a regular file", "Name a PEM file.")
      }
      // Its group may: the server's user is in it where somebody else renews the certificate.
      guard setting != keySetting || status.st_mode & 0o007 == 0 else {
        throw fault(
          "everybody on this machine has access to the file", "Take it away: chmod o= FILE.")
      }
      var bytes = [UInt8](repeating: 0, count: mostBytes + 1)
      let count = pread(descriptor, &bytes, bytes.count, 0)
      guard count >= 0 else {
        throw fault(
          "the file can't be read: \(String(cString: strerror(errno)))", "Name a PEM file.")
      }
      guard count <= mostBytes else {
        throw fault("the file is larger than 1 MiB", "Name a PEM file.")
      }
      // In place: a copy would stay behind, unwiped.
      bytes.removeLast(bytes.count - count)
      return bytes
    }
  #else
    package static let isSupported = false

    /// Does nothing but refuse: this program was built without the trait `TLS`.
    package init(_ files: TLSFiles) throws(ConfigurationFault) {
      throw ConfigurationFault(
        setting: ServerCertificate.certificateSetting, value: files.certificate,
        problem: ServerCertificate.unsupported.problem,
        remedy: ServerCertificate.unsupported.remedy)
    }
  #endif

  /// What is said where there is no TLS.
  package static let unsupported = (
    problem: "this cardea was built without TLS",
    remedy:
      "Build one with it: swift build -c release --traits TLS --product cardea. Or let a proxy "
      + "in front speak TLS."
  )
}
