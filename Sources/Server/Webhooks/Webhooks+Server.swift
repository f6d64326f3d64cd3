import CardeaHMAC
import CardeaKernel
import CardeaWebhooks
import CoreMetrics
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Webhooks {
  /// Webhooks that carry the signals of `GET /v1/signals`, signed by OpenSSL's HMAC and sent by libcurl.
  ///
  /// `nil` if the kernel's store keeps no records of plugins.
  /// - Parameters:
  ///   - kernel: a kernel; ``AuthServer`` begins the deliveries once it was started.
  ///   - options: the settings `webhooks`.
  ///   - metrics: where attempts are counted.
  ///   - logger: is told of endpoints that can't be read.
  public convenience init?(
    kernel: AuthKernel, options: WebhookOptions = WebhookOptions(),
    metrics: (any MetricsFactory)? = nil, logger: Logger = Logger(label: "cardea")
  ) {
    let sender = WebhookSender(options)
    let hmac = HMACSHA256()
    var means = WebhookMeans(
      hmacSHA256: { key, message in hmac?.digest(key: key, header: message, message: Secret([])) },
      encode: { entry in Array(try JSONEncoder.contract().encode(WebhookBody(entry))) },
      turn: { await sender.turn() }, trialTurn: { sender.trialTurn() })
    means.stop = { sender.stop() }
    means.noteUnreadable = { subscription in
      logger.error(
        "a webhook's record can't be read: nothing is sent to its endpoint",
        metadata: ["subscription": "\(subscription)"])
    }
    let attempts = Dictionary(
      uniqueKeysWithValues: WebhookResult.allCases.map { result in
        (
          result,
          Counter(
            label: MetricName.webhooks, dimensions: [("result", result.rawValue)],
            factory: metrics ?? NOOPMetricsHandler.instance)
        )
      })
    means.note = { attempts[$0]?.increment(by: 1) }
    self.init(kernel: kernel, options: options, means: means)
  }
}

/// What a delivery carries (Standard Webhooks, *Payload structure*): `{"type", "timestamp", "data"}`, the data being
/// that of the event of `GET /v1/signals`.
private struct WebhookBody: Encodable {
  let type: String
  let timestamp: Timestamp
  let data: SignalResource

  /// - Throws: if the entry's payload is no JSON object.
  init(_ entry: LogEntry) throws {
    type = entry.signal
    timestamp = entry.at
    data = try SignalResource(entry)
  }
}
