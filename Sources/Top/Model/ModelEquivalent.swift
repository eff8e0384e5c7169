// The command line of `mq` that answers what the screen shows: every screen teaches the commands. Pure.

extension Model {
  /// Words of `mq` for the table with the focus; without "mq".
  package var equivalentCommand: [String] {
    var words: [String]
    switch place.table {
    case .brokers, .delays, .putTimes, .latencies, .pools:
      words = ["broker", "status"] + name(of: .broker)
    case .settings: words = ["config", "get"] + name(of: .broker).map { "broker/\($0)" }
    case .topics: words = ["topic", "stats"] + pattern
    case .groups:
      words = ["group", "list"] + pattern
      let key = TableKind.groups.columns[view.sort[0].column].key
      if key == "lag" { words += ["--sort", "lag"] } else if key == "out" { words += ["--sort", "tps"] }
    case .clients:
      words = subjects["group"].map { ["group", "clients", $0] } ?? ["producer", "list"]
    case .queues: words = subjects["topic"].map { ["topic", "offsets", $0] } ?? ["topic", "stats"]
    case .alerts, .events, .totals: words = ["check", "all"]
    case .topicQueues: words = ["topic", "offsets"] + name(of: .topic)
    case .topicGroups: words = ["topic", "describe"] + name(of: .topic)
    case .messages: words = ["message", "tail"] + name(of: .topic)
    case .groupQueues: words = ["group", "lag"] + name(of: .group) + ["--queues"]
    case .groupClients: words = ["group", "clients"] + name(of: .group)
    case .subscriptions, .clientQueues, .stack:
      words = ["group", "clients"] + name(of: .group) + ["--client"] + name(of: .client)
      if place.table == .stack { words.append("--stack") }
    }
    return words + connection.flags
  }

  /// The name of the open thing, nothing where none is open.
  private func name(of subject: ActionRow.Subject) -> [String] {
    switch (subject, place.target) {
    case (.broker, .broker(let name)?), (.topic, .topic(let name)?), (.group, .group(let name)?),
      (.client, .client(let name, _)?), (.group, .client(_, let name)?):
      [name]
    default: []
    }
  }
  /// A plain filter as a pattern of names.
  private var pattern: [String] {
    let filter = view.filter
    let isName = filter.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & 0xdf) || "-_%".utf8.contains(byte)
    }
    return filter.isEmpty || !isName ? [] : ["*\(filter)*"]
  }
}
