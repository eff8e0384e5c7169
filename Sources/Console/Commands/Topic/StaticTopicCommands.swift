// `mq topic static create` and `mq topic static remap`.
//
// A static topic has a fixed number of queues, whatever brokers it lies on. Moving a queue takes rounds, each
// of which must be done before the next (Apache MQAdminUtils.remappingStaticTopic): the new broker gets
// ready, the old one stops, the end of its queue decides where the new stretch begins, the new broker is
// told, then all others.

import Client
import Linux
import Wire

enum StaticTopicCreate {
  static let row = Command(
    ["topic", "static", "create"], summary: "Create a static topic, or add queues to it",
    details: """
      Clients see --queues queues in all, whatever brokers they lie on, and mq topic static remap can move
      them. A static topic that has fewer queues gets more; it cannot get fewer. The old and the new map are
      written to files first, in the form of mqadmin.
      """,
    impact: .writes,
    arguments: [Argument("TOPIC", "name of the topic")],
    flags: [
      Flag("queues", .integer(1...65535), "COUNT", "queues in all (required, or --map-file)"),
      Flag("map-file", .text, "FILE", "use the map of this file as it is", completion: .files),
      Flag("force", .toggle, "", "let brokers take a map that does not follow theirs"),
    ],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq topic static create Ledger --queues 8", "eight queues over the only cluster"),
      Example("mq topic static create Ledger --queues 16 --dry-run -o json", "the map of sixteen, as JSON"),
      Example("mq topic static create Ledger --map-file map.json", "a map that was written by hand"),
    ],
    replaces: ["updateStaticTopic"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    let cluster = try invocation.admin()
    let known = try StaticTopicFiles.known(topic, cluster)
    var wanted: StaticTopics
    if let path = invocation.string("map-file") {
      wanted = try StaticTopicFiles.read(path, topic)
    } else {
      guard let count = invocation.integer("queues") else {
        throw Failure(
          .usage, "mq topic static create needs --queues", hint: "for example \(row.examples[0].command)")
      }
      let targets = try invocation.mastersToChange()
      let former = known.topic.totalQueues
      if count < Int64(former) {
        throw Failure(
          .failed, "topic \(topic) has \(counted(former, "queue")); a static topic cannot get fewer",
          hint: "make a new topic")
      }
      if count == Int64(former) {
        invocation.print(Plan.results(of: targets, "has \(counted(former, "queue")) already"))
        return
      }
      wanted = known.topic
      wanted.grow(to: Int32(count), on: targets.map(\.name), nowMs: invocation.nowMs)
    }
    let clusters = Set(known.masters.filter { wanted.parts[$0.name] != nil }.map(\.cluster))
    wanted.complete(with: known.masters.filter { clusters.contains($0.cluster) }.map(\.name))
    if let complaint = wanted.complaint { throw Failure(.failed, "the map is not consistent: \(complaint)") }
    var plan = Plan()
    let isForced = invocation.isOn("force")
    for target in known.masters {
      guard let part = wanted.parts[target.name] else { continue }
      let result = "\(part.config.writeQueues) queues"
      plan.add(target, StaticTopics.request(part, force: isForced), result: result)
    }
    if try StaticTopicFiles.isShown(wanted, plan, &invocation) { return }
    try StaticTopicFiles.keep(known.topic, wanted, &invocation)
    try plan.run(&invocation)
  }
}

enum StaticTopicRemap {
  static let row = Command(
    ["topic", "static", "remap"], summary: "Move the queues of a static topic to other brokers",
    details: """
      Spreads the queues evenly over the brokers of --to, moving as few as possible. Messages stay where they
      are and are still read from there; new ones go to the new broker. While a queue moves, its messages are
      refused for a moment and producers try again.

      The old and the new map are written to files first. When a round fails, --map-file with the new one goes
      on where it stopped.
      """,
    impact: .writes,
    arguments: [Argument("TOPIC", "name of the static topic", completion: .topics)],
    flags: [
      Flag("to", .text, "BROKER", "broker that gets queues (or -c)", isRepeated: true, completion: .brokers),
      Flag("map-file", .text, "FILE", "use the map of this file as it is", completion: .files),
      Flag("force", .toggle, "", "let brokers take a map that does not follow theirs"),
    ],
    shared: [.change, .cluster],
    examples: [
      Example("mq topic static remap Ledger --to broker-b --to broker-c", "from broker-a to two others"),
      Example("mq topic static remap Ledger --to broker-b --dry-run -o json", "the new map, as JSON"),
      Example("mq topic static remap Ledger --map-file map.json", "go on with a map"),
    ],
    replaces: ["remappingStaticTopic"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    let cluster = try invocation.admin()
    let known = try StaticTopicFiles.known(topic, cluster)
    if known.topic.parts.isEmpty {
      throw Failure(.notFound, "there is no static topic \(topic)", hint: "mq topic static create makes one")
    }
    var wanted: StaticTopics
    if let path = invocation.string("map-file") {
      wanted = try StaticTopicFiles.read(path, topic)
    } else {
      wanted = known.topic
      wanted.remap(to: try targets(known.masters, &invocation), nowMs: invocation.nowMs)
    }
    if let complaint = wanted.complaint { throw Failure(.failed, "the map is not consistent: \(complaint)") }
    let rounds = Rounds(wanted, known.masters, isForced: invocation.isOn("force"))
    if try StaticTopicFiles.isShown(wanted, rounds.all, &invocation) { return }
    try StaticTopicFiles.keep(known.topic, wanted, &invocation)
    try rounds.run(&invocation)
  }

  private static func targets(
    _ masters: [BrokerTarget], _ invocation: inout Invocation
  ) throws(Failure) -> [String] {
    var names: [String] = []
    for text in invocation.strings("to") {
      let name = text.split(separator: ":").first.map(String.init) ?? text
      guard let target = masters.first(where: { $0.name == text || $0.address == text || $0.name == name })
      else {
        throw Failure(
          .notFound, "no broker is named \(text)", hint: Suggestion.hint(text, of: masters.map(\.name)))
      }
      if !names.contains(target.name) { names.append(target.name) }
    }
    if names.isEmpty {
      if invocation.clusterName == nil {
        throw Failure(
          .usage, "mq topic static remap needs --to or --cluster",
          hint: "for example \(row.examples[0].command)")
      }
      names = try invocation.masters().map(\.name)
    }
    return names
  }

  /// The rounds of a move.
  struct Rounds {
    var topic: StaticTopics
    let masters: [BrokerTarget]
    let isForced: Bool

    init(_ topic: StaticTopics, _ masters: [BrokerTarget], isForced: Bool) {
      self.topic = topic
      self.masters = masters
      self.isForced = isForced
    }

    private func plan(_ brokers: Set<String>, _ result: String) -> Plan {
      var plan = Plan()
      for target in masters where brokers.contains(target.name) {
        guard let part = topic.parts[target.name] else { continue }
        plan.add(target, StaticTopics.request(part, force: isForced), result: result)
      }
      return plan
    }
    private var others: Set<String> {
      Set(topic.parts.keys).subtracting(topic.mapIn).subtracting(topic.mapOut)
    }

    /// For --dry-run; the places where new stretches begin are not decided yet.
    var all: Plan {
      var all = plan(topic.mapIn, "ready")
      for part in [
        plan(topic.mapOut, "stopped"), plan(topic.mapIn, "takes messages"), plan(others, "told"),
      ] {
        for step in part.steps { all.add(step.target, step.request, result: step.result) }
      }
      return all
    }

    func run(_ invocation: inout Invocation) throws(Failure) {
      var rounds = self
      let cluster = try invocation.cluster()
      try Self.send(rounds.plan(topic.mapIn, "ready"), &invocation)
      try Self.send(rounds.plan(topic.mapOut, "stopped"), &invocation)
      var problems = Problems()
      let stopped = masters.filter { topic.mapOut.contains($0.name) }
      var ends: [MessageQueue: Int64] = [:]
      for queue in TopicQueries.stats(of: topic.topic, cluster, stopped, &problems) {
        ends[queue.queue] = queue.maxOffset
      }
      try problems.finish(of: stopped.count)
      if let complaint = rounds.topic.decide(ends) { throw Failure(.failed, complaint) }
      try Self.send(rounds.plan(topic.mapIn, "takes messages"), &invocation)
      try Self.send(rounds.plan(others, "told"), &invocation)
    }

    private static func send(_ plan: Plan, _ invocation: inout Invocation) throws(Failure) {
      if plan.steps.isEmpty { return }
      try invocation.cluster().shareDeadline()
      try plan.run(&invocation)
    }
  }
}

/// What both commands do with maps.
enum StaticTopicFiles {
  /// What every master knows of the topic.
  static func known(
    _ topic: String, _ cluster: Cluster
  ) throws(Failure) -> (topic: StaticTopics, masters: [BrokerTarget]) {
    let masters = try attempt { () throws(ClientError) in
      try cluster.masters(cluster: nil, in: try cluster.clusterInfo())
    }
    var result = StaticTopics(topic: topic)
    let answers = cluster.callAll(masters.map { ($0.address, StaticTopics.question(topic)) })
    for (target, answer) in zip(masters, answers) {
      let found = try attempt { () throws(ClientError) -> (config: TopicConfig, mapping: TopicMapping?)? in
        let response = try answer.get()
        if response.code == ResponseCode.topicNotExist.rawValue { return nil }
        return StaticTopics.answer(try response.json(from: target.address))
      }
      guard let found else { continue }
      guard let mapping = found.mapping else {
        throw Failure(
          .failed, "topic \(topic) exists on \(target.label) and is not static", hint: "choose another name")
      }
      result.parts[target.name] = StaticTopics.Part(config: found.config, mapping: mapping)
      result.epoch = max(result.epoch, mapping.epoch)
    }
    if let complaint = result.complaint, !result.parts.isEmpty {
      throw Failure(
        .failed, "the brokers do not agree about \(topic): \(complaint)",
        hint: "give a map with --map-file and --force")
    }
    return (result, masters)
  }

  static func read(_ path: String, _ topic: String) throws(Failure) -> StaticTopics {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileSystem.readWhole(path, bytesMax: Limits.applyFileBytesMax)
    } catch { throw LineReader.failure(path, error) }
    guard let map = (try? JSON.parse(bytes)).flatMap({ StaticTopics($0) }) else {
      throw Failure(
        .usage, "\(path) is no map of a static topic", hint: "--dry-run -o json prints one")
    }
    if map.topic != topic { throw Failure(.usage, "\(path) is the map of topic \(map.topic)") }
    return map
  }

  /// With --dry-run: prints the map, or for people the requests.
  static func isShown(
    _ wanted: StaticTopics, _ plan: Plan, _ invocation: inout Invocation
  ) throws(Failure) -> Bool {
    if !invocation.isDryRun { return false }
    if invocation.output == .json {
      invocation.streams.write(wanted.json.text(.indented) + "\n")
    } else {
      try plan.run(&invocation)
    }
    return true
  }

  /// Writes both maps, so that a failure in the middle can be mended.
  static func keep(
    _ before: StaticTopics, _ after: StaticTopics, _ invocation: inout Invocation
  ) throws(Failure) {
    let directory = invocation.settingsInUse.stateDirectory + "/static-topics"
    do throws(Errno) {
      try FileSystem.makeDirectories(directory)
      for (map, name) in [(before, "before"), (after, "after")] {
        let path = "\(directory)/\(after.topic)-\(after.epoch).\(name).json"
        try FileSystem.replace(path, with: map.json.bytes(.indented), backup: false)
        invocation.warn("the map \(name) is in \(path)")
      }
    } catch {
      throw Failure(.failed, "cannot write to \(directory): \(error)", hint: "set XDG_STATE_HOME")
    }
  }
}
