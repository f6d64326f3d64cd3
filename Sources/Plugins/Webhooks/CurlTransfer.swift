import CCurl
import CardeaContracts

/// One request by libcurl's easy interface. It blocks the thread that runs it, and is used once, by that thread alone.
final class CurlTransfer {
  /// Bytes of an answer, headers included, that are read; what follows is cut off.
  static let longestAnswer = 65_536

  private let rule: AddressRule
  private let isStopped: StopFlag
  private var isEncrypted = true
  private var received = 0
  /// Whether the body was cut off; the status had come by then.
  private var isCut = false
  /// Whether an address was refused.
  private var isRefused = false

  init(rule: AddressRule, isStopped: StopFlag) {
    self.rule = rule
    self.isStopped = isStopped
  }

  /// Not safe to call from several threads at once in old versions of libcurl, so once and before anything else.
  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  func run(_ request: WebhookRequest, timeout: Duration, caFile: String) -> WebhookAnswer {
    guard !isStopped.isRaised else { return .failed("the server stops") }
    do throws(LifecycleError) { isEncrypted = try WebhookURL(request.url).isEncrypted } catch {
      return .failed("the URL can't be used")
    }
    guard CurlTransfer.isReady, let handle = curl_easy_init() else {
      return .failed("libcurl can't be used")
    }
    defer { curl_easy_cleanup(handle) }
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    // libcurl adds none of its own where one is given; `Expect` without a value is not sent.
    for header in request.headers + ["Accept: */*", "Expect:"] {
      guard let longer = curl_slist_append(list, header) else {
        return .failed("libcurl can't be used")
      }
      list = longer
    }
    guard set(request, list, timeout: timeout, caFile: caFile, on: handle) else {
      return .failed("libcurl can't be used")
    }
    return answer(of: curl_easy_perform(handle), handle)
  }

  private func set(
    _ request: WebhookRequest, _ list: UnsafeMutablePointer<curl_slist>?, timeout: Duration,
    caFile: String, on handle: UnsafeMutableRawPointer
  ) -> Bool {
    let milliseconds = max(1, Int(clamping: timeout.milliseconds))
    let numbers: [(CURLoption, Int)] = [
      // Signals are for the whole process.
      (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_TIMEOUT_MS, milliseconds), (CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
      (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_POST, 1), (CURLOPT_HTTP_VERSION, 2),
      (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2), (CURLOPT_FORBID_REUSE, 1),
    ]
    let texts: [(CURLoption, String)] = [
      (CURLOPT_URL, request.url), (CURLOPT_PROXY, ""), (CURLOPT_NOPROXY, "*"),
    ]
    var codes = numbers.map { cardea_curl_set_long(handle, $0, $1) }
    codes += texts.map { cardea_curl_set_pointer(handle, $0, $1) }
    if !caFile.isEmpty { codes.append(cardea_curl_set_pointer(handle, CURLOPT_CAINFO, caFile)) }
    codes.append(cardea_curl_only_http(handle))
    // A name's look-up that is late is left to end by itself, so that it does not hold the thread.
    codes.append(cardea_curl_set_quick_exit(handle))
    codes.append(cardea_curl_set_pointer(handle, CURLOPT_HTTPHEADER, list))
    codes.append(cardea_curl_set_body(handle, request.body, request.body.count))
    codes += setCallbacks(handle)
    return codes.allSatisfy { $0 == CURLE_OK }
  }

  private func setCallbacks(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
    // Valid until `run` returns, which outlives the handle.
    let data = Unmanaged.passUnretained(self).toOpaque()
    return [
      cardea_curl_set_open_socket(
        handle,
        { data, _, address in
          guard let transfer = CurlTransfer.from(data), let address, transfer.permits(address)
          else { return cardea_curl_no_socket() }
          return cardea_curl_socket(address)
        }, data),
      cardea_curl_set_header(
        handle,
        { _, size, count, data in
          CurlTransfer.from(data)?.takes(size * count) == true ? size * count : 0
        }, data),
      cardea_curl_set_write(
        handle,
        { _, size, count, data in
          guard let transfer = CurlTransfer.from(data) else { return 0 }
          if transfer.takes(size * count) { return size * count }
          transfer.isCut = true
          return 0
        }, data),
      cardea_curl_set_progress(
        handle, { data, _, _, _, _ in CurlTransfer.from(data)?.isStopped.isRaised == true ? 1 : 0 },
        data),
    ]
  }

  private static func from(_ data: UnsafeMutableRawPointer?) -> CurlTransfer? {
    data.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func permits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
    var (v4, v6) = (in_addr(), in6_addr())
    var found: IPAddress?
    if cardea_curl_v4(address, &v4) == 1 { found = IPAddress(v4: v4) }
    if cardea_curl_v6(address, &v6) == 1 { found = IPAddress(v6: v6) }
    guard let found, rule.permits(found, isEncrypted: isEncrypted) else {
      isRefused = true
      return false
    }
    return true
  }

  private func takes(_ count: Int) -> Bool {
    received += count
    return received <= CurlTransfer.longestAnswer
  }

  private func answer(of code: CURLcode, _ handle: UnsafeMutableRawPointer) -> WebhookAnswer {
    let status = cardea_curl_status(handle)
    if code == CURLE_OK || (code == CURLE_WRITE_ERROR && isCut), status > 0 {
      return .status(status)
    }
    if isStopped.isRaised { return .failed("the server stops") }
    if isRefused {
      return .failed("its address is not public, and webhooks.allow does not name it")
    }
    return .failed(CurlFailure.reason(code))
  }
}
