import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `GET /metrics`: figures for Prometheus. Needs `cardea:metrics:read`, which a scraper sends as
/// `Authorization: Bearer TOKEN`.
enum MetricsRoutes {
  static func add(to table: inout RouteTable, _ metrics: PrometheusMetrics, kernel: AuthKernel) {
    let gauges = KernelGauges(kernel, metrics)
    table.get("/metrics") { exchange in
      _ = try await exchange.identity(granting: "cardea:metrics:read")
      _ = try exchange.query()
      gauges.update()
      return Response(
        status: .ok, headers: [.contentType: PrometheusText.mediaType],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: metrics.text())))
    }
  }
}
