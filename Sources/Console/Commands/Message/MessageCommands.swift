// `mq message get` and `mq message find`: single messages by id, place or key.

import Client
import Linux
import Wire

enum MessageCommands {
  static let rows: [Command] = [
    Command(
      ["message", "get"], summary: "Show one message by its id or place",
      details: """
        ID is what mq produce prints (the producer's id, needs --topic), the id that a broker gave, or a
        place like orders/broker-a/3@1042: topic, broker, queue and offset. mq message decode-id says what
        an id tells by itself. Only brokers of the cluster are asked, whatever address an id names.

        The body is shown as text, or as hex where it is none. --body prints nothing but the body's bytes.
        """,
      arguments: [Argument("ID", "id of the message, or TOPIC/BROKER/QUEUE@OFFSET")],
      flags: [topicFlag] + MessageGet.flags, shared: [.connection, .output, .rows],
      examples: [
        Example(
          "mq message get AC1100010000A1B2C3D4E5F600010000 -t orders", "by the id that the producer gave"),
        Example("mq message get 7F00000100002A9F0000000000001F40", "by the id that the broker gave"),
        Example("mq message get orders/broker-a/3@1042 -o json", "by its place, as JSON"),
        Example("mq message get orders/broker-a/3@1042 --body > body.bin", "its body, byte by byte"),
      ], replaces: ["queryMsgById", "queryMsgByUniqueKey", "queryMsgByOffset"]
    ) { invocation throws(Failure) in try MessageGet.run(&invocation) },
    Command(
      ["message", "find"], summary: "List the messages with a key",
      details: "Brokers index messages by the keys that producers gave them. Newest last.",
      flags: [
        topicFlag,
        Flag("key", short: "k", .text, "KEY", "key to find"),
        Flag("since", .time, "TIME", "stored at that moment or later"),
        Flag("until", .time, "TIME", "stored at that moment or earlier"),
        Flag(
          "limit", .integer(1...Limits.foundMessagesMax), "COUNT", "most messages of each broker",
          defaultText: "32"),
      ], shared: [.query],
      examples: [
        Example("mq message find -t orders --key order-17", "all messages with that key"),
        Example("mq message find -t orders --key order-17 --since -1h -o json", "of the last hour, as JSON"),
      ], replaces: ["queryMsgByKey"]
    ) { invocation throws(Failure) in try find(&invocation) },
    MessageCat.row, MessageTail.row, MessageExport.row, MessageImport.row, MessageTrace.row,
    MessageStatus.row, MessageDecodeId.row, MessageResend.row, MessagePush.row, MessageRecall.row,
    MessageResumeCheck.row,
  ]

  static let topicFlag = Flag(
    "topic", short: "t", .text, "TOPIC", "topic of the message", completion: .topics)

  // MARK: Looking up

  /// The message of that id or place.
  ///
  /// - Throws: `.notFound`; `.usage` for a producer's id without a topic.
  static func lookUp(
    _ invocation: inout Invocation, _ text: String, topic: String?
  ) throws(Failure) -> Message {
    switch try MessagePlace(text) {
    case .queue(let queue, let offset): return try atOffset(&invocation, queue, offset)
    case .offsetId(let id):
      do throws(Failure) { return try byOffsetId(&invocation, id, text, topic) } catch {
        // Rarely a producer's id looks like one of a broker.
        guard let topic, error.code == .notFound,
          let message = try byUniqueKey(&invocation, text, topic).last
        else { throw error }
        return message
      }
    case .uniqueKey:
      guard let topic else {
        throw Failure(.usage, "\(text) is a producer's id, and those are kept by topic", hint: "add -t TOPIC")
      }
      guard let last = try byUniqueKey(&invocation, text, topic).last else {
        throw Failure(
          .notFound, "topic \(topic) has no message \(text)", hint: "it may have been removed by age")
      }
      return last
    }
  }

  /// All messages with that producer's id: a producer that tried twice may have stored two.
  static func byUniqueKey(
    _ invocation: inout Invocation, _ id: String, _ topic: String
  ) throws(Failure) -> [Message] {
    try query(&invocation, topic, key: id, isUnique: true, limit: 32).filter { $0.messageId == id }
  }

  private static func atOffset(
    _ invocation: inout Invocation, _ queue: MessageQueue, _ offset: Int64
  ) throws(Failure) -> Message {
    let cluster = try invocation.cluster()
    let route = try attempt { () throws(ClientError) in try cluster.route(queue.topic) }
    guard let address = route.address(ofBroker: queue.broker) else {
      let names = route.brokers.map(\.name).sorted().joined(separator: ", ")
      throw Failure(
        .notFound, "topic \(queue.topic) is not on broker \(queue.broker)", hint: "it is on \(names)")
    }
    var pull = Pull(queue, at: address, offset: offset)
    pull.messagesMax = 1
    let batch = try attempt { () throws(ClientError) in try cluster.pull(pull) }
    guard let message = batch.messages.first, message.queueOffset == offset else {
      throw Failure(
        .notFound, "\(queue.topic)/\(queue.broker)/\(queue.queueId) has no message at offset \(offset)",
        hint: batch.maxOffset > batch.minOffset
          ? "it holds \(batch.minOffset) to \(batch.maxOffset - 1)" : "the queue is empty")
    }
    return message
  }

  /// Asks the broker that the id names, if the cluster has it; then the others, for a broker may have moved.
  /// An address that is none of the cluster's is never connected to: an id may come from anywhere.
  private static func byOffsetId(
    _ invocation: inout Invocation, _ id: OffsetMessageId, _ text: String, _ topic: String?
  ) throws(Failure) -> Message {
    let cluster = try invocation.cluster()
    let named = id.host.text
    let (all, masters) = try attempt { () throws(ClientError) in
      let info = try cluster.clusterInfo()
      return (try cluster.brokers(cluster: nil, in: info), try cluster.masters(cluster: nil, in: info))
    }
    let request = Request(.viewMessageById, [("topic", topic ?? ""), ("offset", "\(id.physicalOffset)")])
    var failure: ClientError?
    func ask(_ targets: [BrokerTarget]) -> Message? {
      let results = cluster.callAll(targets.map { ($0.address, request) })
      for (target, result) in zip(targets, results) {
        do throws(ClientError) {
          let response = try result.get()
          if !response.isSuccess { continue }
          let message = try Message.decode(response.body, broker: target.name)
          // Another broker may have another message at that offset.
          if message.offsetMessageId == text.uppercased() { return message }
        } catch { failure = failure ?? error }
      }
      return nil
    }
    if let message = ask(all.filter { $0.address == named }) { return message }
    if let message = ask(masters.filter { $0.address != named }) { return message }
    if let failure { throw Failure(failure) }
    let isKnown = all.contains { $0.address == named }
    throw Failure(
      .notFound, "no broker has a message \(text)",
      hint: isKnown
        ? "it may have been removed by age" : "it names \(named), which is no broker of this cluster")
  }

  // MARK: find

  private static func find(_ invocation: inout Invocation) throws(Failure) {
    guard let topic = invocation.string("topic"), let key = invocation.string("key"), !key.isEmpty else {
      throw Failure(
        .usage, "mq message find needs --topic and --key",
        hint: "for example mq message find -t orders --key order-17")
    }
    let limit = invocation.integer("limit") ?? 32
    let found = try query(&invocation, topic, key: key, isUnique: false, limit: limit)
    if invocation.output == .json || invocation.output == .yaml {
      invocation.streams.print(JSON.array(found.map(MessageLine.json)))
    } else {
      invocation.print(table(found))
    }
    if found.isEmpty {
      throw Failure(
        .notFound, "topic \(topic) has no message with key \(key)", hint: "keys are compared as they are")
    }
  }

  /// Messages of all brokers of the topic, oldest first. Brokers find by hash, so each is looked at again.
  static func query(
    _ invocation: inout Invocation, _ topic: String, key: String, isUnique: Bool, limit: Int64
  ) throws(Failure) -> [Message] {
    let cluster = try invocation.cluster()
    let route = try attempt { () throws(ClientError) in try cluster.route(topic) }
    let since = isUnique ? 0 : invocation.integer("since") ?? 0
    let until = isUnique ? Int64.max : invocation.integer("until") ?? Int64.max
    var fields: [(name: String, value: String)] = [
      ("topic", topic), ("key", key), ("maxNum", "\(limit)"), ("beginTimestamp", "\(since)"),
      ("endTimestamp", "\(until)"),
    ]
    if isUnique { fields.append(("_UNIQUE_KEY_QUERY", "true")) }
    var found: [Message] = []
    var failure: ClientError?
    var answers = 0
    let targets = route.brokers.compactMap { broker in broker.master.map { (name: broker.name, address: $0) }
    }
    let calls = targets.map { (address: $0.address, request: Request(.queryMessage, fields)) }
    for (target, result) in zip(targets, cluster.callAll(calls)) {
      do throws(ClientError) {
        let response = try result.get()
        answers += 1
        if response.code == ResponseCode.queryNotFound.rawValue { continue }
        found += try Message.decodeAll(try response.success(from: target.address).body, broker: target.name)
      } catch { failure = failure ?? error }
    }
    if let failure {
      if found.isEmpty { throw Failure(failure) }
      invocation.warn("not all brokers answered: \(failure.message)")
    }
    return found.filter { message in
      message.topic == topic
        && (isUnique
          ? message.messageId == key : message.keys?.split(separator: " ").contains { $0 == key } ?? false)
    }.arranged { ($0.storeTimestampMs, $0.physicalOffset) < ($1.storeTimestampMs, $1.physicalOffset) }
  }

  static func table(_ messages: [Message]) -> Table {
    var table = Table([
      Column("MESSAGE ID", key: "messageId"), Column("STORED", key: "storeTime"),
      Column("BROKER", key: "broker"),
      Column("QUEUE", key: "queueId", right: true), Column("OFFSET", key: "queueOffset", right: true),
      Column("TAG", key: "tags"), Column("KEYS", key: "keys"), Column("SIZE", key: "bodyBytes", right: true),
      Column("OFFSET ID", key: "offsetMessageId", wide: true),
    ])
    for message in messages {
      table.add(
        .text(message.messageId), .time(message.storeTimestampMs), .text(message.broker),
        .integer(message.queueId),
        .integer(message.queueOffset), .text(message.tags), .text(message.keys),
        .bytes(Int64(message.body.count)),
        .text(message.offsetMessageId))
    }
    return table
  }
}

/// What the user calls a message by.
enum MessagePlace: Equatable {
  case queue(MessageQueue, offset: Int64)
  case offsetId(OffsetMessageId)
  case uniqueKey

  /// - Throws: `.usage` for a torn place.
  init(_ text: String) throws(Failure) {
    if text.contains("/") {
      let halves = text.split(separator: "@", omittingEmptySubsequences: false)
      let names = halves[0].split(separator: "/", omittingEmptySubsequences: false)
      guard halves.count == 2, names.count == 3, let offset = Int64(halves[1]), offset >= 0,
        let queueId = Int32(names[2]), queueId >= 0, !names[0].isEmpty, !names[1].isEmpty
      else {
        throw Failure(
          .usage, "\(text) is no place", hint: "write TOPIC/BROKER/QUEUE@OFFSET, like orders/broker-a/3@1042")
      }
      self = .queue(
        MessageQueue(topic: String(names[0]), broker: String(names[1]), queueId: queueId), offset: offset)
      return
    }
    // Where an offset id has a port, a producer's id has a process number in the high bytes.
    if let id = OffsetMessageId(text), (1...65_535).contains(id.host.port), id.physicalOffset >= 0 {
      self = .offsetId(id)
    } else {
      self = .uniqueKey
    }
  }
}
