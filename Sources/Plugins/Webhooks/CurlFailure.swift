import CCurl

/// What libcurl's errors mean, for operators.
enum CurlFailure {
  static func reason(_ code: CURLcode) -> String {
    reasons[code.rawValue] ?? "libcurl's error \(code.rawValue)"
  }

  private static let reasons: [UInt32: String] = [
    CURLE_COULDNT_RESOLVE_HOST.rawValue: "its name could not be resolved",
    CURLE_COULDNT_CONNECT.rawValue: "no connection",
    CURLE_OPERATION_TIMEDOUT.rawValue: "no answer in time",
    CURLE_SSL_CONNECT_ERROR.rawValue: "no TLS connection",
    CURLE_PEER_FAILED_VERIFICATION.rawValue: "its certificate is not trusted",
    CURLE_SSL_CACERT_BADFILE.rawValue: "webhooks.ca_file can't be read",
    CURLE_GOT_NOTHING.rawValue: "it closed the connection without an answer",
    CURLE_RECV_ERROR.rawValue: "the connection broke",
    CURLE_SEND_ERROR.rawValue: "the connection broke",
    CURLE_WRITE_ERROR.rawValue: "the headers of its answer are too long",
    CURLE_UNSUPPORTED_PROTOCOL.rawValue: "it does not speak HTTP",
  ]
}
