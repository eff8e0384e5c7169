// What each name server knows of the brokers, to notice when they do not agree. Value type; collector thread.

import Wire

/// The brokers that each name server listed when it was last asked.
struct NameServerViews {
  private var brokers: [String: Set<String>] = [:]
  /// What they do not agree about, in one clause; nil when they do.
  private(set) var dispute: String?

  mutating func take(_ address: String, _ info: ClusterInfo) {
    var labels: Set<String> = []
    for data in info.brokers {
      for entry in data.addresses { labels.insert("\(data.name)/\(entry.id)") }
    }
    brokers[address] = labels
    compare()
  }
  /// It does not answer, so it has no view.
  mutating func forget(_ address: String) {
    brokers[address] = nil
    compare()
  }

  private mutating func compare() {
    let all = brokers.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    dispute = nil
    for address in brokers.keys.arranged(by: <) {
      let missing = all.subtracting(brokers[address] ?? []).arranged(by: <)
      guard let first = missing.first else { continue }
      let others = missing.count > 1 ? " and \(missing.count - 1) others" : ""
      dispute = "\(address) does not know \(first)\(others)"
      return
    }
  }
}
