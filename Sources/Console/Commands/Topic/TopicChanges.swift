// `mq topic create`, `mq topic alter`, `mq topic delete`.

import Client
import Wire

/// Flags that describe a topic, for create and alter.
enum TopicFlags {
  static let types = ["normal", "fifo", "delay", "transaction", "mixed", "priority"]
  static let rows = [
    Flag("queues", .integer(1...65535), "COUNT", "read and write queues on each broker (new: 8)"),
    Flag("read-queues", .integer(1...65535), "COUNT", "queues that consumers read, if it differs"),
    Flag("write-queues", .integer(1...65535), "COUNT", "queues that producers write, if it differs"),
    Flag(
      "perm", .choice(["rw", "r", "w", "none"]), "PERM", "what clients may do: rw, r, w or none (new: rw)"),
    Flag("order", .toggle, "", "an ordered topic: clients keep to its queues when a broker is away"),
    Flag("type", .choice(types), "TYPE", "kind of messages, the attribute message.type"),
    Flag("attr", .text, "KEY=VALUE", "set an attribute; KEY= removes it (alter)", isRepeated: true),
  ]

  /// Applies the given flags.
  static func apply(_ invocation: Invocation, to config: inout TopicConfig) {
    if let count = invocation.integer("queues") {
      config.readQueues = Int32(count)
      config.writeQueues = Int32(count)
    }
    if let count = invocation.integer("read-queues") { config.readQueues = Int32(count) }
    if let count = invocation.integer("write-queues") { config.writeQueues = Int32(count) }
    if let perm = invocation.string("perm") {
      config.perm = (perm.contains("r") ? Perm.read : 0) | (perm.contains("w") ? Perm.write : 0)
    }
    if let order = invocation.toggle("order") { config.isOrder = order }
  }

  /// The changes of attributes, as Apache wants them: "+message.type=FIFO,-other".
  static func attributes(_ invocation: Invocation, mayRemove: Bool) throws(Failure) -> [(
    key: String, value: String?
  )] {
    var result: [(key: String, value: String?)] = []
    if let type = invocation.string("type") { result.append(("message.type", type.uppercased())) }
    for text in invocation.strings("attr") {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex, !text.contains(",") else {
        throw Failure(.usage, "--attr=\(text) is not KEY=VALUE", hint: "for example --attr=message.type=FIFO")
      }
      let value = String(text[text.index(after: equals)...])
      if value.isEmpty && !mayRemove {
        throw Failure(.usage, "--attr=\(text) has no value", hint: "for example --attr=message.type=FIFO")
      }
      result.append((String(text[..<equals]), value.isEmpty ? nil : value))
    }
    return result
  }

  /// Brokers make the system's topics as they need them.
  static func refuseSystem(_ topic: String) throws(Failure) {
    if TopicName.isSystem(topic) {
      throw Failure(.usage, "\(topic) is a topic of the system", hint: "brokers make it anew; leave it")
    }
  }

  static func wire(_ attributes: [(key: String, value: String?)]) -> String {
    attributes.map { attribute in
      attribute.value.map { "+\(attribute.key)=\($0)" } ?? "-\(attribute.key)"
    }.joined(separator: ",")
  }
}

enum TopicCreate {
  static let row = Command(
    ["topic", "create"], summary: "Create a topic on the masters of a cluster",
    details: """
      The topic is made with the same number of queues on every master of the cluster, or on the one broker of
      -b. It must not exist yet. Where there are several clusters, --cluster names the one.

      --like makes it as an existing topic is, on the brokers that have that one: each with its queues, its
      permission, its order, its type and its other attributes. Flags that are given besides differ from it.
      Messages and offsets are not copied, nor where the queues of a static topic are.
      """,
    impact: .writes,
    arguments: [Argument("TOPIC", "name of the new topic")],
    flags: TopicFlags.rows + [
      Flag("like", .text, "OTHER", "take the settings of this topic", completion: .topics),
      Flag("if-not-exists", .toggle, "", "succeed without a change when the topic exists"),
      Flag("replace", .toggle, "", "when it exists, give it these settings, and defaults for the others"),
    ],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq topic create Orders --queues 8", "eight queues on each broker of the only cluster"),
      Example(
        "mq topic create Payments --queues 4 --type fifo -c Prod",
        "an ordered topic of RocketMQ 5 in one cluster"),
      Example("mq topic create Refunds --like Orders --queues 16", "as Orders, but with more queues"),
      Example("mq topic create Audit --perm w --dry-run", "show what would be sent"),
    ],
    replaces: ["updateTopic"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    try TopicFlags.refuseSystem(topic)
    let attributes = try TopicFlags.attributes(invocation, mayRemove: false)
    let cluster = try invocation.admin()
    let configs = try configs(topic, cluster, &invocation)
    let targets = configs.map(\.target)
    let present = try owners(topic, cluster)
    let taken = targets.filter { present.contains($0.name) }
    if !taken.isEmpty {
      if invocation.isOn("if-not-exists") && taken.count == targets.count {
        invocation.print(Plan.results(of: taken, "exists already"))
        return
      }
      if !invocation.isOn("if-not-exists") && !invocation.isOn("replace") {
        throw Failure(
          .failed, "topic \(topic) exists already on \(taken.map(\.label).joined(separator: ", "))",
          hint: "mq topic alter \(topic) changes it; --if-not-exists accepts it")
      }
    }
    var plan = Plan()
    for (target, config) in configs where invocation.isOn("replace") || !present.contains(target.name) {
      let result = present.contains(target.name) ? "replaced" : "created"
      let kept = config.attributes.filter { old in !attributes.contains { $0.key == old.key } }
      let all = kept.map { (key: $0.key, value: Optional($0.value)) } + attributes
      plan.add(target, TopicQueries.put(config, attributes: TopicFlags.wire(all)), result: result)
    }
    let ordered = configs.filter(\.config.isOrder)
    if !ordered.isEmpty {
      let list = TopicOrder.text(ordered.map { ($0.target.name, $0.config.writeQueues) })
      for server in try invocation.nameServerTargets() {
        plan.add(server, TopicOrder.request(topic, list), result: "order noted")
      }
    }
    try plan.run(&invocation)
  }

  /// What each broker is to make: a new topic, or one like that of --like.
  private static func configs(
    _ topic: String, _ cluster: Cluster, _ invocation: inout Invocation
  ) throws(Failure) -> [(target: BrokerTarget, config: TopicConfig)] {
    var configs: [(target: BrokerTarget, config: TopicConfig)]
    if let model = invocation.string("like") {
      let all = TopicQueries.targets(try TopicNames.route(model, cluster))
      let targets = try TopicDelete.narrowed(all, model, &invocation)
      var problems = Problems()
      configs = TopicQueries.configs(of: model, cluster, targets, &problems)
      // Made on some brokers only, it would not be like the other.
      try problems.finish(of: targets.count)
    } else {
      var config = TopicConfig(name: topic)
      config.readQueues = 8
      config.writeQueues = 8
      configs = try invocation.mastersToChange().map { ($0, config) }
    }
    for index in configs.indices {
      configs[index].config.name = topic
      TopicFlags.apply(invocation, to: &configs[index].config)
    }
    return configs
  }

  /// Names of the brokers that have the topic.
  private static func owners(_ topic: String, _ cluster: Cluster) throws(Failure) -> Set<String> {
    do throws(ClientError) {
      return Set(try cluster.route(topic).queues.map(\.broker))
    } catch {
      if error.kind == .notFound { return [] }
      throw Failure(error)
    }
  }
}

enum TopicAlter {
  static let row = Command(
    ["topic", "alter"], summary: "Change settings of a topic, leaving the others as they are",
    details: """
      Reads the configuration from each broker of the topic, changes what is named, prints the difference, and
      writes it back. Brokers keep their own values for everything else. Fewer queues hide the messages of the
      queues that go: shrink the write queues first, and the read queues when those are consumed.
      """,
    impact: .writes,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    flags: TopicFlags.rows,
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq topic alter Orders --queues 16", "sixteen queues on each of its brokers"),
      Example("mq topic alter Orders --perm r -b broker-a", "stop producers from writing to one broker"),
      Example("mq topic alter Orders --write-queues 4 --dry-run", "show the difference only"),
    ],
    replaces: ["updateTopicPerm"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try TopicFlags.refuseSystem(topic)
    let attributes = try TopicFlags.attributes(invocation, mayRemove: true)
    let names = TopicFlags.rows.map(\.long)
    if !names.contains(where: { invocation.has($0) }) {
      throw Failure(.usage, "nothing to change", hint: "name a setting, for example --queues 16")
    }
    let cluster = try invocation.admin()
    let all = TopicQueries.targets(try TopicNames.route(topic, cluster))
    let targets = try TopicDelete.narrowed(all, topic, &invocation)
    var problems = Problems()
    let configs = TopicQueries.configs(of: topic, cluster, targets, &problems)
    try problems.finish(of: 1)
    var diff = Plan.differences
    var plan = Plan()
    var noted: [(broker: String, count: Int32)] = []
    var isReordered = false
    for (target, before) in configs {
      var after = before
      TopicFlags.apply(invocation, to: &after)
      if after.isOrder { noted.append((target.name, after.writeQueues)) }
      if after.isOrder != before.isOrder || after.isOrder && after.writeQueues != before.writeQueues {
        isReordered = true
      }
      let changed = attributes.filter { change in
        before.attributes.first { $0.key == change.key }?.value != change.value
      }
      let lines =
        differences(before, after)
        + changed.map { change in
          (
            "attribute \(change.key)", before.attributes.first { $0.key == change.key }?.value ?? "",
            change.value ?? ""
          )
        }
      if lines.isEmpty { continue }
      for line in lines { diff.add(.text(target.label), .text(line.0), .text(line.1), .text(line.2)) }
      plan.add(target, TopicQueries.put(after, attributes: TopicFlags.wire(changed)), result: "altered")
    }
    if invocation.output.isForPeople || plan.steps.isEmpty {
      invocation.print(diff)
    }
    if plan.steps.isEmpty { return }
    // Only all brokers of the topic together tell the whole order.
    if isReordered && targets.count == all.count && problems.count == 0 {
      let text = noted.isEmpty ? nil : TopicOrder.text(noted)
      for server in try invocation.nameServerTargets() {
        plan.add(
          server, TopicOrder.request(topic, text), result: text == nil ? "order forgotten" : "order noted")
      }
    }
    invocation.say("")
    try plan.run(&invocation)
    if !invocation.isDryRun { try readBack(topic, targets, plan, cluster, invocation, attributes) }
  }

  /// Asks again; what is not as it was written is told.
  private static func readBack(
    _ topic: String, _ targets: [BrokerTarget], _ plan: Plan, _ cluster: Cluster, _ invocation: Invocation,
    _ attributes: [(key: String, value: String?)]
  ) throws(Failure) {
    var problems = Problems()
    let written = targets.filter { target in plan.steps.contains { $0.target == target } }
    for (target, config) in TopicQueries.configs(of: topic, cluster, written, &problems) {
      var wanted = config
      TopicFlags.apply(invocation, to: &wanted)
      let missed = attributes.contains { change in
        config.attributes.first { $0.key == change.key }?.value != change.value
      }
      if wanted != config || missed {
        throw Failure(
          .partial, "read back from \(target.label), topic \(topic) is not as it was written",
          hint: "somebody else may change it; mq topic describe \(topic) shows it")
      }
    }
    try problems.finish(of: written.count)
  }

  private static func differences(_ before: TopicConfig, _ after: TopicConfig) -> [(String, String, String)] {
    [
      ("read queues", "\(before.readQueues)", "\(after.readQueues)"),
      ("write queues", "\(before.writeQueues)", "\(after.writeQueues)"),
      ("perm", TopicList.perm(before.perm), TopicList.perm(after.perm)),
      ("order", "\(before.isOrder)", "\(after.isOrder)"),
    ].filter { $0.1 != $0.2 }
  }
}

enum TopicDelete {
  static let row = Command(
    ["topic", "delete"], summary: "Delete a topic, its messages and its offsets",
    details: """
      First shows which groups read the topic and how far behind they are, and asks. Then deletes it on its
      brokers, and when none of them is left, in the name servers. -b or -c delete it on these brokers only.
      """,
    impact: .destroys,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq topic delete Orders", "delete Orders everywhere, after asking"),
      Example("mq topic delete Orders --dry-run", "show what it would affect"),
      Example("mq topic delete Orders --yes", "delete without asking, for scripts"),
    ],
    replaces: ["deleteTopic"], run: run)

  /// The brokers of -b or -c among those that have the topic.
  static func narrowed(
    _ all: [BrokerTarget], _ topic: String, _ invocation: inout Invocation
  ) throws(Failure) -> [BrokerTarget] {
    if invocation.brokerName == nil && invocation.clusterName == nil { return all }
    let wanted = try invocation.masters().map(\.address)
    let result = all.filter { wanted.contains($0.address) }
    if result.isEmpty {
      throw Failure(
        .notFound, "topic \(topic) is not there; it is on \(all.map(\.label).joined(separator: ", "))")
    }
    return result
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try TopicFlags.refuseSystem(topic)
    let cluster = try invocation.admin()
    let route = try TopicNames.route(topic, cluster)
    let all = TopicQueries.targets(route)
    let targets = try narrowed(all, topic, &invocation)
    var problems = Problems()
    let queues = TopicQueries.stats(of: topic, cluster, targets, &problems)
    let groups = TopicQueries.groups(of: topic, cluster, targets, &problems)
    let readers = readers(groups, topic, cluster, targets, &problems)
    let impact = impact(topic, queues, readers, targets) + problems.doubt

    var plan = Plan()
    for target in targets {
      plan.add(target, Request(.deleteTopicInBroker, [("topic", topic)]), result: "deleted")
    }
    if invocation.isDryRun {
      invocation.say(impact + "\n")
      addNameServers(topic, targets.count == all.count, &plan, try invocation.nameServerTargets())
      try plan.run(&invocation)
      return try problems.finish(of: targets.count)
    }
    try invocation.confirm(impact, typing: topic)
    cluster.shareDeadline()
    try plan.run(&invocation)
    var last = Plan()
    addNameServers(topic, targets.count == all.count, &last, try invocation.nameServerTargets())
    for step in last.steps {
      let step = step
      _ = try attempt { () throws(ClientError) in
        try cluster.call(step.target.address, step.request).success(from: step.target.address)
      }
    }
  }

  private static func addNameServers(
    _ topic: String, _ isEverywhere: Bool, _ plan: inout Plan, _ servers: [BrokerTarget]
  ) {
    if !isEverywhere { return }
    for server in servers {
      plan.add(server, Request(.deleteTopicInNameServer, [("topic", topic)]), result: "forgotten")
      plan.add(
        server, TopicOrder.request(topic, nil), result: "order forgotten")
    }
  }

  /// A group that reads the topic.
  private struct Reader {
    var group: String
    /// nil when its progress cannot be read.
    var lag: Int64?
    var clients: Int
  }

  private static func readers(
    _ groups: [String], _ topic: String, _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) -> [Reader] {
    let lags = GroupQueries.lags(groups, topic: topic, cluster, targets, &problems)
    var calls: [(address: String, request: Request)] = []
    for group in groups {
      calls += targets.map { ($0.address, Request(.getConsumerConnectionList, [("consumerGroup", group)])) }
    }
    let answers = cluster.callAll(calls)
    return groups.enumerated().map { index, group in
      var clients: Set<String> = []
      for (target, answer) in zip(targets, answers[(index * targets.count)...]) {
        let found = problems.take(target) { () throws(ClientError) in
          try GroupQueries.connections(try answer.get(), from: target.address)
        }
        clients.formUnion((found ?? nil)?.connections.map(\.clientId) ?? [])
      }
      return Reader(group: group, lag: lags[group], clients: clients.count)
    }
  }

  private static func impact(
    _ topic: String, _ queues: [QueueStats], _ readers: [Reader], _ targets: [BrokerTarget]
  ) -> String {
    let messages = queues.reduce(0) { $0 + max(0, $1.maxOffset - $1.minOffset) }
    var text = "Topic \(topic) with \(counted(messages, "message")) in \(counted(queues.count, "queue")) on "
    text += targets.map(\.label).joined(separator: ", ") + " will be deleted."
    for reader in readers {
      text +=
        "\n  read by group \(reader.group)" + (reader.lag.map { ", \(counted($0, "message")) behind" } ?? "")
      if reader.clients > 0 { text += ", \(counted(reader.clients, "client")) connected" }
    }
    if readers.isEmpty { text += " No consumer group reads it." }
    return text
  }
}
