// config/timermetrics: `{"dataVersion":…,"timingCount":{topic:{"count":n,"timeStamp":t}}}`: how many messages
// wait for their time, by the topic that they are for (Apache TimerMetrics). Loop thread.

import Linux
import Wire

struct TimerMetrics {
  private struct Metric {
    var count: Int64
    var timestampMs: Int64
  }
  private var version: DataVersion
  private var metrics: [String: Metric] = [:]

  init(_ document: ConfigDocument) {
    version = DataVersion(document["dataVersion"])
    for member in document["timingCount"]?.members ?? [] {
      guard let topic = member.key.string, let count = member.value["count"]?.int,
        let timestampMs = member.value["timeStamp"]?.int
      else { continue }
      metrics[topic] = Metric(count: max(0, count), timestampMs: timestampMs)
    }
  }

  /// The file's content; nothing when it is missing or damaged: it only informs.
  static func load(_ paths: StorePaths) -> TimerMetrics {
    let path = ConfigFile.timermetrics.path(paths)
    let bytes = (try? FileSystem.readWhole(path, bytesMax: Limits.configBytesMax)) ?? []
    return TimerMetrics(ConfigDocument(members: (try? JSON.parse(bytes))?.members ?? []))
  }

  mutating func add(_ topic: String, _ change: Int64, nowMs: Int64) {
    version.counter += 1
    version.timestampMs = nowMs
    let count = max(0, (metrics[topic]?.count ?? 0) + change)
    metrics[topic] = Metric(count: count, timestampMs: nowMs)
  }

  /// A topic that is gone is not counted any more. False when it was not.
  mutating func remove(_ topic: String) -> Bool { metrics.removeValue(forKey: topic) != nil }

  /// Nothing waits: what a crash left over goes.
  mutating func settle() -> Bool {
    let before = metrics.values.contains { $0.count != 0 }
    if before { for topic in metrics.keys { metrics[topic]?.count = 0 } }
    return before
  }

  var json: JSON {
    .object([
      JSON.Member("dataVersion", version.json),
      JSON.Member(
        "timingCount",
        .object(
          metrics.sorted { $0.key < $1.key }.map { topic, metric in
            JSON.Member(
              topic,
              .object([
                JSON.Member("count", .int(metric.count)), JSON.Member("timeStamp", .int(metric.timestampMs)),
              ]))
          })),
    ])
  }
}
