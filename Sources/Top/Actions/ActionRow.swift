// What can be done from the screen. Each action is a command line of `mq`, and so shows how to do it without
// the screen. Pure; any thread.

/// What somebody fills in before an action runs.
package struct ActionField: Sendable {
  /// What it does.
  package enum Kind: Equatable, Sendable {
    case text
    /// Completed with Tab.
    case topic, group
    case choice([String])
  }
  /// As in the command line's `{key}`.
  package let key: String
  package let label: String
  package let kind: Kind
  package let start: String
  package let isOptional: Bool
  /// What may stand there.
  package let hint: String

  init(
    _ key: String, _ label: String, _ kind: Kind = .text, start: String = "", isOptional: Bool = false,
    hint: String = ""
  ) {
    self.key = key
    self.label = label
    self.kind = kind
    self.start = start
    self.isOptional = isOptional
    self.hint = hint
  }
}

/// One entry of the menu.
package struct ActionRow: Sendable {
  /// What it may do to the cluster.
  package enum Impact: Sendable {
    case reads
    case writes
    /// Cannot be taken back: asked for by typing.
    case destroys
  }
  /// What it is done to.
  package enum Subject: String, CaseIterable, Sendable { case topic, group, client, broker, none }

  /// The key in the menu.
  package let letter: Unicode.Scalar
  package let title: String
  package let subject: Subject
  package let impact: Impact
  /// Words of `mq`; `{key}` is a field, or the subject. A flag whose value is empty is left out.
  package let template: String
  package let fields: [ActionField]
  /// The key of the name that must be typed; nil wants a "yes".
  package let typedKey: String?

  init(
    _ letter: Unicode.Scalar, _ title: String, _ subject: Subject, _ impact: Impact, _ template: String,
    _ fields: [ActionField] = [], typing typedKey: String? = nil
  ) {
    self.letter = letter
    self.title = title
    self.subject = subject
    self.impact = impact
    self.template = template
    self.fields = fields
    self.typedKey = typedKey
  }

  private static let topic = ActionField("topic", "Topic", .topic, hint: "a topic that the group consumes")
  private static let cluster = ActionField(
    "cluster", "Cluster", isOptional: true, hint: "empty when there is only one")
  private static let only = ActionField(
    "only", "Only topic", .topic, isOptional: true, hint: "empty is the whole group")

  /// In the order of the menu.
  package static let table: [ActionRow] = [
    ActionRow(
      "p", "Peek at the newest messages", .topic, .reads, "message tail {topic} --last 3 --no-follow"),
    ActionRow("i", "Describe the topic", .topic, .reads, "topic describe {topic}"),
    ActionRow(
      "m", "Change what clients may do", .topic, .writes, "topic alter {topic} --perm {perm}",
      [ActionField("perm", "Permission", .choice(["rw", "r", "w", "none"]), start: "rw")]),
    ActionRow(
      "o", "Create another one like it", .topic, .writes, "topic create {newTopic} --like {topic}",
      [ActionField("newTopic", "Name")]),
    ActionRow(
      "d", "Delete the topic", .topic, .destroys, "topic delete {topic}", typing: "topic"),
    ActionRow("l", "Show the lag of each queue", .group, .reads, "group lag {group} --queues"),
    ActionRow("g", "Describe the group", .group, .reads, "group describe {group}"),
    ActionRow("e", "Show its dead letters", .group, .reads, "dlq cat {group}"),
    ActionRow(
      "s", "Seek: move the group to another place", .group, .destroys,
      "group seek {group} --topic {topic} --to {to}",
      [
        topic,
        ActionField(
          "to", "To", start: "time=-1h",
          hint: "earliest, latest, time=-1h, time=2026-11-20T10:00, offset=1000, by=-100"),
      ]),
    ActionRow(
      "f", "Fast-forward: skip its backlog", .group, .destroys,
      "group seek {group} --topic {topic} --to latest", [topic]),
    ActionRow("z", "Pause the group", .group, .writes, "group pause {group} {only}", [only]),
    ActionRow("r", "Resume the group", .group, .writes, "group resume {group} {only}", [only]),
    ActionRow(
      "x", "Delete the group", .group, .destroys, "group delete {group}", typing: "group"),
    ActionRow(
      "t", "Show the stacks of its threads", .client, .reads,
      "group clients {group} --client {client} --stack"),
    ActionRow("b", "Show the state of the broker", .broker, .reads, "broker status {broker}"),
    ActionRow(
      "n", "Create a topic", .none, .writes,
      "topic create {newTopic} --queues {queues} --type {type} --cluster {cluster}",
      [
        ActionField("newTopic", "Name"),
        ActionField("queues", "Queues", start: "8", hint: "on each broker"),
        ActionField(
          "type", "Type",
          .choice(["", "normal", "fifo", "delay", "transaction", "mixed", "priority"]), isOptional: true,
          hint: "empty says nothing, as for brokers of 4.x"),
        cluster,
      ]),
    ActionRow(
      "c", "Create a group", .none, .writes, "group create {newGroup} --cluster {cluster}",
      [ActionField("newGroup", "Name"), cluster]),
  ]

  /// The command line with these values, without "mq".
  package func words(_ values: [String: String], flags: [String] = []) -> [String] {
    var words: [String] = []
    // A name that begins with a dash would be taken for a flag: it goes behind "--".
    var dashed: [String] = []
    for part in template.split(separator: " ") {
      guard part.hasPrefix("{"), part.hasSuffix("}") else {
        words.append(String(part))
        continue
      }
      let value = values[String(part.dropFirst().dropLast())] ?? ""
      let follows = words.last?.hasPrefix("--") ?? false
      if follows, value.isEmpty {
        words.removeLast()
      } else if follows, value.hasPrefix("-") {
        words[words.count - 1] += "=" + value
      } else if value.hasPrefix("-") {
        dashed.append(value)
      } else if !value.isEmpty {
        words.append(value)
      }
    }
    return words + flags + (dashed.isEmpty ? [] : ["--"] + dashed)
  }

  /// As somebody would type it into a shell, with "mq".
  package static func shellText(_ words: [String]) -> String {
    (["mq"] + words.map(quoted)).joined(separator: " ")
  }
  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-_./:=%@+,".utf8.contains(byte)
        }
      }
    if isPlain { return word }
    return "'" + word.flatMap { $0 == "'" ? Array("'\\''") : [$0] } + "'"
  }
}
