// config/topicQueueMapping.json: `{"dataVersion":…,"topicQueueMappingInfoMap":{topic:detail}}` (Apache
// TopicQueueMappingManager). Loop thread.

package import Wire

struct TopicMappings {
  private var document: ConfigDocument
  private(set) var version: DataVersion
  /// In the order of the file; what cannot be read is kept as it came.
  private(set) var entries: [(topic: String, detail: JSON)] = []

  init(_ document: ConfigDocument, nowMs: Int64) {
    self.document = document
    version = DataVersion(document["dataVersion"])
    if document["dataVersion"] == nil { version.timestampMs = nowMs }
    entries = (document["topicQueueMappingInfoMap"]?.members ?? []).compactMap { member in
      member.key.string.map { ($0, member.value) }
    }
  }

  /// False when nothing changes.
  mutating func set(_ topic: String, _ detail: JSON?, nowMs: Int64) -> Bool {
    let place = entries.firstIndex { $0.topic == topic }
    switch (place, detail) {
    case (nil, nil): return false
    case (nil, let detail?): entries.append((topic, detail))
    case (let place?, nil): entries.remove(at: place)
    case (let place?, let detail?): entries[place].detail = detail
    }
    version.counter += 1
    version.timestampMs = nowMs
    return true
  }

  var json: JSON {
    var document = document
    document["dataVersion"] = version.json
    document["topicQueueMappingInfoMap"] = .object(entries.map { JSON.Member($0.topic, $0.detail) })
    return document.json
  }
}

extension MessageStore {
  /// The stored mapping of each static topic.
  package var topicMappings: [(topic: String, detail: JSON)] { mappings.entries }
  /// Counts their changes.
  package var topicMappingVersion: DataVersion { mappings.version }

  /// Adds, replaces or (nil) removes a mapping; written at once.
  package func setTopicMapping(_ topic: String, _ detail: JSON?) {
    let nowMs = options.wallMs()
    guard mappings.set(topic, detail, nowMs: nowMs) else { return }
    persistSoon(.topicQueueMapping)
  }
}
