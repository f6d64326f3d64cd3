import CCurl
import CardeaContracts

/// Whether a text may be an endpoint's URL. libcurl's parser decides, which is the one that will use it.
struct WebhookURL {
  /// The longest URL, in bytes: what RFC 9110, section 4.1, recommends to support is 8,000; nobody's endpoint has it.
  static let longest = 2_048

  let isEncrypted: Bool
  let host: String
  /// The host, if it is an address.
  let address: IPAddress?

  /// - Throws: what is wrong, for people.
  init(_ text: String) throws(LifecycleError) {
    func invalid(_ reason: String) -> LifecycleError { .invalid(field: "url", reason: reason) }
    guard (1...WebhookURL.longest).contains(text.utf8.count),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw invalid(
        "must be 1 to \(WebhookURL.longest) characters of printable ASCII without space")
    }
    guard let handle = curl_url() else { throw .failed("libcurl has no memory for a URL") }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else {
      throw invalid("must be a URL such as https://example.com/hooks")
    }
    let scheme = WebhookURL.part(CURLUPART_SCHEME, of: handle)
    guard scheme == "https" || scheme == "http" else { throw invalid("must be an https URL") }
    guard WebhookURL.part(CURLUPART_USER, of: handle) == nil,
      WebhookURL.part(CURLUPART_PASSWORD, of: handle) == nil
    else { throw invalid("must not hold a user or password") }
    guard WebhookURL.part(CURLUPART_FRAGMENT, of: handle) == nil else {
      throw invalid("must not hold a fragment (#)")
    }
    guard let host = WebhookURL.part(CURLUPART_HOST, of: handle), !host.isEmpty else {
      throw invalid("must name a host")
    }
    isEncrypted = scheme == "https"
    self.host = host
    let isBracketed = host.utf8.first == UInt8(ascii: "[")
    address = IPAddress(isBracketed ? String(host.dropFirst().dropLast()) : host)
  }

  private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
