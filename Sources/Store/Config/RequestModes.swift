// config/messageRequestMode.json: `{"messageRequestModeMap":{topic:{group:…}}}`
// (Apache MessageRequestModeManager). Loop thread.

import Wire

struct RequestModes {
  private var document: ConfigDocument
  /// In the order of the file.
  private var modes: [RequestMode] = []

  init(_ document: ConfigDocument) {
    self.document = document
    for topic in document["messageRequestModeMap"]?.members ?? [] {
      for member in topic.value.members ?? [] { if let mode = RequestMode(member.value) { put(mode) } }
    }
  }

  subscript(topic: String, group: String) -> RequestMode? {
    modes.first { $0.topic == topic && $0.group == group }
  }
  var count: Int { modes.count }

  mutating func put(_ mode: RequestMode) {
    if let place = modes.firstIndex(where: { $0.topic == mode.topic && $0.group == mode.group }) {
      modes[place] = mode
    } else {
      modes.append(mode)
    }
  }

  var json: JSON {
    var document = document
    var topics: [String] = []
    for mode in modes where !topics.contains(mode.topic) { topics.append(mode.topic) }
    document["messageRequestModeMap"] = .object(
      topics.map { topic in
        let groups = modes.filter { $0.topic == topic }.map { JSON.Member($0.group, $0.json) }
        return JSON.Member(topic, .object(groups))
      })
    return document.json
  }
}
