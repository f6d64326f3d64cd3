#if !TLS
  import Foundation
  import Testing

  /// The flags of TLS in a program that was built without it.
  @Suite struct TLSFlagsTests {
    @Test func theySayHowToBuildWithIt() throws {
      let program = try CardeaProgram()
      for arguments in [
        ["serve", "--init", "--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        ["serve", "--init", "--port", "0", "--tls-cert", "cert.pem"],
        ["serve", "--init", "--port", "0", "--tls-key", "key.pem"],
      ] {
        let result = try program.run(arguments)
        #expect(result.status == 2)
        #expect(result.out == "")
        #expect(result.err.contains("built without TLS"), "\(result.err)")
        #expect(result.err.contains("swift build -c release --traits TLS"), "\(result.err)")
        #expect(result.err.contains("server.tls_"), "\(result.err)")
      }
      #expect(try program.names() == [])
    }

    @Test func soDoTheSettings() throws {
      let program = try CardeaProgram()
      try program.write("server: { tls_cert: cert.pem, tls_key: key.pem }\n", to: "cardea.yaml")
      let result = try program.run("check")
      #expect(result.status == 2)
      #expect(result.err.contains("cardea.yaml:1: server.tls_cert = cert.pem"), "\(result.err)")
      #expect(result.err.contains("--traits TLS"), "\(result.err)")
    }
  }
#endif
