// What a benchmark found, as a report. Pure.

import Wire

enum BenchReport {
  /// - Parameter echo: The same against a bare loopback; nil when it was not measured.
  static func report(
    topics: [String], plan: BenchPlan, result: BenchResult, echo: BenchResult?, what: String
  ) -> Report {
    var report = Report()
    report.add(
      "Topic", key: "topic",
      .text(topics.count == 1 ? topics[0] : "\(topics[0]) and \(topics.count - 1) more"))
    report.add("Connections", key: "connections", .integer(plan.connections))
    report.add("Requests under way on each", key: "pipeline", .integer(plan.pipeline))
    report.add("Measured", key: "elapsedMs", .duration(result.elapsedNs / 1_000_000))
    report.add("Messages \(what)", key: "messages", .integer(result.messages))
    report.add("Requests", key: "requests", .integer(result.requests), wide: true)
    report.add("Messages a second", key: "messagesPerSecond", .decimal(result.messagesPerSecond.rounded()))
    report.add(
      "MB a second", key: "megabytesPerSecond", .decimal(Double(result.bytes) / result.seconds / 1e6))
    for (label, key, percent) in percentiles {
      report.add(
        "Latency \(label), us", key: key, .decimal(microseconds(result.latencies.percentile(percent))))
    }
    report.add("Latency max, us", key: "latencyMaxUs", .decimal(microseconds(result.latencies.max)))
    report.add("Refused", key: "errors", .integer(result.errors.values.reduce(0, +)))
    if let echo {
      report.add(
        "Loopback, requests a second", key: "echoRequestsPerSecond",
        .decimal(echo.requestsPerSecond.rounded()))
      report.add("Loopback p50, us", key: "echoLatencyP50Us", .decimal(microseconds(echo.latencies.median)))
      report.add(
        "Throughput, % of the loopback", key: "throughputToEchoPercent",
        ratio(result.requestsPerSecond, echo.requestsPerSecond))
      report.add(
        "Median, % of the loopback", key: "medianToEchoPercent",
        ratio(Double(result.latencies.median), Double(echo.latencies.median)))
    }
    if !result.errors.isEmpty { report.add("Refused requests", key: "errorsByCode", errors(result.errors)) }
    return report
  }

  private static let percentiles: [(String, String, Double)] = [
    ("p50", "latencyP50Us", 50), ("p90", "latencyP90Us", 90), ("p99", "latencyP99Us", 99),
    ("p99.9", "latencyP999Us", 99.9),
  ]

  private static func microseconds(_ ns: Int64) -> Double { Double(ns / 100) / 10 }

  private static func ratio(_ value: Double, _ base: Double) -> Cell {
    base > 0 ? .decimal((value / base * 1000).rounded() / 10) : .unknown
  }

  private static func errors(_ errors: [Int32: Int]) -> Table {
    var table = Table([
      Column("CODE", key: "code", right: true), Column("MEANING", key: "meaning"),
      Column("REQUESTS", key: "requests", right: true),
    ])
    for (code, count) in errors.arranged(by: { $0.key < $1.key }) {
      let name = ResponseCode(rawValue: code).map { "\($0)" }
      table.add(.integer(code), .text(name), .integer(count))
    }
    return table
  }

  /// One line while it runs.
  static func progress(_ result: BenchResult) -> String {
    let p99 = Values.decimal(microseconds(result.latencies.percentile(99)), digits: 0)
    return
      "\(counted(result.messages, "message")), \(Int64(result.messagesPerSecond)) a second, p99 \(p99) us"
  }
}
