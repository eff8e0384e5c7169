// `mq topic stats`: what goes into topics and out of them to each group, as brokers count it (code 315).

import Client
import Wire

enum TopicStatsCommand {
  static let row = Command(
    ["topic", "stats"], summary: "Show the traffic of topics, and of each group that reads them",
    details: """
      IN and OUT are messages per second, averaged over the last minute; 24H is the last day, or as long as
      the broker has run. LAG is what a group has not consumed yet. -o wide adds bytes, and messages that
      consumers sent back because they failed. All questions of one kind go out together.
      """,
    arguments: [
      Argument(
        "TOPIC", "a topic, or a pattern: * is any text, ? one character", isOptional: true,
        completion: .topics)
    ],
    flags: [
      Flag("active", .toggle, "", "only what had messages in the last 24 hours"),
      Flag("all", .toggle, "", "also topics of the system"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq topic stats Orders", "one topic and its groups"),
      Example("mq topic stats --active -w", "all that move, every two seconds"),
      Example("mq topic stats 'order*' -o wide", "with bytes and failures"),
    ],
    replaces: ["statsAll"], run: run)

  /// A counter over a minute and a day; zero where the broker has not counted yet.
  struct Reading {
    var perSecond = 0.0
    var day: Int64 = 0

    mutating func add(_ other: Reading) {
      perSecond += other.perSecond
      day += other.day
    }
  }

  /// Asks for one counter.
  static func request(_ name: String, _ key: String) -> Request {
    Request(.viewBrokerStatsData, [("statsName", name), ("statsKey", key)])
  }

  /// The counter of an answer. A broker that runs less than a day, or an hour, has counted only so long.
  static func reading(_ answer: Result<Response, ClientError>) -> Reading {
    guard let response = try? answer.get(), let json = try? response.json(from: ""),
      let data = BrokerStatsData(json)
    else { return Reading() }
    let sums = [data.day.sum, data.hour.sum, data.minute.sum]
    return Reading(perSecond: data.minute.tps, day: sums.first { $0 != 0 } ?? 0)
  }

  /// Topic and group on one broker; an empty group is the topic itself.
  private struct Place {
    var topic: String
    var group: String
    var target: BrokerTarget
    /// Where it is known without asking for it.
    var lag: Int64?
  }
  /// Sums over brokers.
  private struct Numbers {
    var messages = Reading()
    var bytes = Reading()
    var sentBack = Reading()
    var lag: Int64 = 0
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let places = places(cluster, targets, &problems, invocation)
    if let name = invocation.argument("TOPIC"), places.isEmpty, problems.count == 0, !name.contains("*") {
      _ = try TopicNames.route(name, cluster)
    }
    let topics = ask(cluster, places, &problems) { place in
      [request("TOPIC_PUT_NUMS", place.topic), request("TOPIC_PUT_SIZE", place.topic)]
    }
    // Of one topic its readers are asked for, of many all readers of a broker at once.
    let asked = places.map { (topic: $0.topic, target: $0.target) }
    let isOne = places.allSatisfy { $0.topic == places[0].topic }
    let found =
      isOne ? TopicReaders.singly(asked, cluster, &problems) : TopicReaders.find(asked, cluster, &problems)
    let readers = found.arranged { ($0.topic, $0.group) < ($1.topic, $1.group) }.map {
      Place(topic: $0.topic, group: $0.group, target: $0.target, lag: $0.lag)
    }
    let groups = ask(cluster, readers, &problems) { place in
      let key = "\(place.topic)@\(place.group)"
      let stats = ["GROUP_GET_NUMS", "GROUP_GET_SIZE", "SNDBCK_PUT_NUMS"].map { request($0, key) }
      return place.lag == nil ? stats + [GroupQueries.statsRequest(place.group, topic: place.topic)] : stats
    }
    invocation.print(table(topics, groups, isActiveOnly: invocation.isOn("active")))
    try problems.finish(of: targets.count)
  }

  /// The chosen topics on their brokers.
  private static func places(
    _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems, _ invocation: Invocation
  ) -> [Place] {
    let pattern = invocation.argument("TOPIC")
    let reserved = Set(targets.flatMap { [$0.name, $0.cluster, $0.cluster + "_REPLY_TOPIC"] })
    let all = invocation.isOn("all")
    var places: [Place] = []
    for entry in TopicQueries.all(cluster, targets, &problems) {
      if let pattern, !Glob.matches(entry.name, pattern) { continue }
      let kind = TopicKind.name(entry.name, entry.configs[0], reserved: reserved)
      if kind == "retry" || kind == "dlq" || kind == "system" && !all && pattern != entry.name { continue }
      places += entry.targets.map { Place(topic: entry.name, group: "", target: $0) }
    }
    return places
  }

  /// Sums by topic and group, in the order of `places`.
  private static func ask(
    _ cluster: Cluster, _ places: [Place], _ problems: inout Problems, _ questions: (Place) -> [Request]
  ) -> [(topic: String, group: String, numbers: Numbers)] {
    var calls: [(address: String, request: Request)] = []
    var counts: [Int] = []
    for place in places {
      let own = questions(place)
      calls += own.map { (place.target.address, $0) }
      counts.append(own.count)
    }
    let answers = inParts(cluster, calls)
    var result: [(topic: String, group: String, numbers: Numbers)] = []
    var known: [String: Int] = [:]
    var next = 0
    for (place, count) in zip(places, counts) {
      let own = Array(answers[next..<(next + count)])
      next += count
      let key = "\(place.topic)@\(place.group)"
      let at = known[key] ?? result.count
      if at == result.count { result.append((place.topic, place.group, Numbers())) }
      known[key] = at
      for answer in own { _ = problems.take(place.target) { () throws(ClientError) in try answer.get() } }
      result[at].numbers.messages.add(reading(own[0]))
      result[at].numbers.bytes.add(reading(own[1]))
      if count > 2 { result[at].numbers.sentBack.add(reading(own[2])) }
      if let lag = place.lag {
        result[at].numbers.lag &+= lag
      } else if count > 3 {
        let queues = problems.take(place.target) { () throws(ClientError) in
          try GroupQueries.progress(try own[3].get(), from: place.target.address)
        }
        result[at].numbers.lag &+= GroupQueries.lag(queues ?? [])
      }
    }
    return result
  }

  /// As one `callAll`, in parts that a broker can hold.
  private static func inParts(
    _ cluster: Cluster, _ calls: [(address: String, request: Request)]
  ) -> [Result<Response, ClientError>] {
    var results: [Result<Response, ClientError>] = []
    for start in stride(from: 0, to: calls.count, by: Limits.statsCallsMax) {
      results += cluster.callAll(Array(calls[start..<min(start + Limits.statsCallsMax, calls.count)]))
    }
    return results
  }

  private static func table(
    _ topics: [(topic: String, group: String, numbers: Numbers)],
    _ groups: [(topic: String, group: String, numbers: Numbers)], isActiveOnly: Bool
  ) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("GROUP", key: "group"), Column("LAG", key: "lag", right: true),
      Column("IN/S", key: "inPerSecond", right: true), Column("OUT/S", key: "outPerSecond", right: true),
      Column("IN 24H", key: "in24h", right: true), Column("OUT 24H", key: "out24h", right: true),
      Column("IN B/S", key: "inBytesPerSecond", right: true, wide: true),
      Column("OUT B/S", key: "outBytesPerSecond", right: true, wide: true),
      Column("IN BYTES 24H", key: "inBytes24h", right: true, wide: true),
      Column("OUT BYTES 24H", key: "outBytes24h", right: true, wide: true),
      Column("FAILED/S", key: "failedPerSecond", right: true, wide: true),
      Column("FAILED 24H", key: "failed24h", right: true, wide: true),
    ])
    table.emptyText = isActiveOnly ? "no topic had messages in the last 24 hours" : "no topic matches"
    let readers = Dictionary(grouping: groups) { $0.topic }
    for topic in topics {
      let put = topic.numbers
      let own = readers[topic.topic] ?? [(topic.topic, "", Numbers())]
      for reader in own {
        if isActiveOnly && put.messages.day == 0 && reader.numbers.messages.day == 0 { continue }
        func known(_ cell: Cell) -> Cell { reader.group.isEmpty ? .unknown : cell }
        let got = reader.numbers
        table.add(
          .text(topic.topic), known(.text(reader.group)), known(.integer(got.lag)),
          .decimal(put.messages.perSecond), known(.decimal(got.messages.perSecond)),
          .integer(put.messages.day), known(.integer(got.messages.day)),
          .decimal(put.bytes.perSecond), known(.decimal(got.bytes.perSecond)),
          .bytes(put.bytes.day), known(.bytes(got.bytes.day)),
          known(.decimal(got.sentBack.perSecond)), known(.integer(got.sentBack.day)))
      }
    }
    return table
  }
}
