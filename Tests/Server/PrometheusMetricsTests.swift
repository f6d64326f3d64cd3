import CardeaServer
import CoreMetrics
import Testing

/// The swift-metrics backend by itself.
@Suite struct PrometheusMetricsTests {
  private func exposition(_ metrics: PrometheusMetrics) throws -> Exposition {
    try Exposition(String(decoding: metrics.text(), as: UTF8.self))
  }

  @Test func everyKindOfInstrumentIsReadBack() throws {
    let metrics = PrometheusMetrics(help: ["hits": "Two lines:\nand a \\."])
    Counter(label: "hits", factory: metrics).increment(by: 3)
    Counter(label: "hits", factory: metrics).increment(by: 2)
    Meter(label: "level", factory: metrics).set(2.5)
    Meter(label: "level", factory: metrics).decrement(by: 4)
    Gauge(label: "size", factory: metrics).record(-7)
    let recorder = Recorder(label: "weights", factory: metrics)
    recorder.record(1.5)
    recorder.record(2)
    let timer = Timer(label: "took", factory: metrics)
    for nanoseconds in [9_999, 10_000, 10_001, 1_000_000_000, 60_000_000_000] as [Int64] {
      timer.recordNanoseconds(nanoseconds)
    }
    let read = try exposition(metrics)
    #expect(read.families["hits"]?.help == #"Two lines:\nand a \\."#)
    #expect(read.value("hits") == 5)
    #expect(read.value("level") == -1.5)
    #expect(read.value("size") == -7)
    #expect(read.value("weights_sum") == 3.5 && read.value("weights_count") == 2)
    #expect(read.value("took_bucket", ["le": "0.00001"]) == 2, "a bound belongs to its bucket")
    #expect(read.value("took_bucket", ["le": "0.000025"]) == 3)
    #expect(read.value("took_bucket", ["le": "1"]) == 4)
    #expect(read.value("took_bucket", ["le": "+Inf"]) == 5)
    #expect(read.value("took_count") == 5)
  }

  @Test func namesAndLabelsAreMadeReadable() throws {
    let metrics = PrometheusMetrics()
    let value = "a \"quote\", a \\ and\nanother line"
    Counter(
      label: "4.http-requests", dimensions: [("le", "1"), ("a.b", value), ("a.b", "2"), ("", "e")],
      factory: metrics
    ).increment()
    let read = try exposition(metrics)
    #expect(read.value("_4_http_requests", ["le_": "1", "a_b": value, "_": "e"]) == 1)
  }

  /// One name is one metric, whatever asks for it.
  @Test func anotherKindUnderATakenNameIsNotKept() throws {
    let metrics = PrometheusMetrics()
    Counter(label: "taken", factory: metrics).increment()
    Timer(label: "taken", factory: metrics).recordNanoseconds(1)
    Meter(label: "taken", factory: metrics).set(9)
    let read = try exposition(metrics)
    #expect(read.families.count == 1)
    #expect(read.value("taken") == 1)
  }

  @Test func seriesAreBoundedAndNothingIsLost() throws {
    let metrics = PrometheusMetrics()
    for number in 0..<5_000 {
      Counter(label: "many", dimensions: [("id", "\(number)")], factory: metrics).increment()
      Counter(label: "name\(number)", factory: metrics).increment()
    }
    let read = try exposition(metrics)
    #expect(read.families["many"]?.samples.count == 201)
    #expect(read.total("many") == 5_000)
    #expect(read.value("many", ["id": "other"]) == 4_800)
    #expect(read.families.count == 500)
  }

  @Test func manyThreadsAreCountedExactly() async throws {
    let metrics = PrometheusMetrics()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let counter = Counter(label: "c", factory: metrics)
          let timer = Timer(label: "t", factory: metrics)
          let meter = Meter(label: "m", factory: metrics)
          for _ in 0..<5_000 {
            counter.increment()
            timer.recordNanoseconds(20_000)
            meter.increment()
          }
        }
      }
      // Whatever is read meanwhile is a whole histogram too.
      for _ in 0..<50 { _ = try? exposition(metrics) }
    }
    let read = try exposition(metrics)
    #expect(read.value("c") == 40_000)
    #expect(read.value("t_count") == 40_000)
    #expect(read.value("m") == 40_000)
    #expect(read.value("t_sum").map { abs($0 - 0.8) < 1e-9 } == true)
  }
}
