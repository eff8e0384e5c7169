// How long puts take in the whole cluster: the sum of what the brokers count. Collector thread.

extension Sampler {
  /// Shares of puts by the time that they took in the last whole minute; unknown until a broker told.
  func putTimeTable() -> TableData {
    var labels: [String] = []
    var counts: [Double] = []
    var oldestMs = Int64.max
    for broker in brokers where broker.isListed && broker.id == 0 {
      guard let atMs = broker.gauges.latenciesMs else { continue }
      oldestMs = min(oldestMs, atMs)
      for bucket in broker.gauges.latencies {
        if let place = labels.firstIndex(of: bucket.label) {
          counts[place] += Double(bucket.count)
        } else {
          labels.append(bucket.label)
          counts.append(Double(bucket.count))
        }
      }
    }
    var table = TableData(.putTimes, names: labels)
    table.isKnown = !labels.isEmpty
    table.periodMs = intervalMs
    let total = counts.reduce(0, +)
    table.set("in", counts.map { .value($0 / 60, atMs: oldestMs) })
    table.set("share", counts.map { total > 0 ? .value($0 / total, atMs: oldestMs) : .unknown })
    return table
  }
}
