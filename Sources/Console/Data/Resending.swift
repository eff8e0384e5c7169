// Sending stored messages again: which of their properties go along, the question, and what came of each.

import Client
import Linux
import Wire

enum Resending {
  /// A message and where it goes.
  struct Item {
    var message: Message
    var topic: String
    /// Goes through a group's retry topic: the topic that its consumers see.
    var retriedTopic: String?
  }

  /// A new message with the body, the flag and the user's properties; it gets an id of its own.
  static func copy(_ item: Item) -> OutgoingMessage {
    var copy = OutgoingMessage(body: item.message.body)
    copy.flag = item.message.flag
    for entry in item.message.properties.entries where !MessageLine.systemProperties.contains(entry.name) {
      copy.properties[entry.name] = entry.value
    }
    if let topic = item.retriedTopic { copy.properties[PropertyName.retryTopic] = topic }
    return copy
  }

  /// Asks, sends all, and prints one line for each; with --dry-run prints what would be sent.
  ///
  /// - Parameter note: Is told of each message that was sent, soon after.
  static func run(
    _ items: [Item], question: String, _ invocation: inout Invocation,
    note: (Item, SendReceipt) throws(Failure) -> Void = { (_, _) throws(Failure) in }
  ) throws(Failure) {
    if invocation.isDryRun { return invocation.print(plan(items)) }
    try invocation.confirm(question)
    let cluster = try invocation.cluster()
    cluster.shareDeadline()
    var producer = Producer(cluster)
    var queues: [String: [MessageSender.Target]] = [:]
    var sends: [(message: OutgoingMessage, queue: MessageQueue, address: String)] = []
    for (index, item) in items.enumerated() {
      if queues[item.topic] == nil {
        queues[item.topic] = try attempt { () throws(ClientError) in try producer.queues(item.topic) }
      }
      let own = queues[item.topic]!
      let copy = copy(item)
      let key = copy.properties[PropertyName.shardingKey]
      let place = key.map { MessageSender.place(of: $0, among: own.count) } ?? index % own.count
      sends.append((copy, own[place].queue, own[place].address))
    }
    var results: [Result<SendReceipt, ClientError>] = []
    var progress = ProgressBar(invocation.streams)
    for start in stride(from: 0, to: sends.count, by: Limits.sendsUnderWayMax) {
      let some = Array(sends[start..<min(start + Limits.sendsUnderWayMax, sends.count)])
      // Each round has the whole time: many messages take longer than one.
      cluster.shareDeadline()
      let new = producer.sendAll(some)
      for (item, result) in zip(items[start...], new) {
        if case .success(let receipt) = result { try note(item, receipt) }
      }
      results += new
      progress.update(
        done: Int64(results.count), total: Int64(items.count), messages: results.count)
    }
    progress.end()
    try report(items, results, &invocation)
  }

  private static func plan(_ items: [Item]) -> Table {
    var table = Table([
      Column("MESSAGE ID", key: "messageId"), Column("FROM", key: "from"), Column("TO", key: "topic"),
      Column("TAG", key: "tags"), Column("KEYS", key: "keys"), Column("SIZE", key: "bodyBytes", right: true),
    ])
    table.emptyText = "nothing to do"
    for item in items {
      table.add(
        .text(item.message.messageId), .text(place(item.message)), .text(item.topic),
        .text(item.message.tags), .text(item.message.keys), .bytes(Int64(item.message.body.count)))
    }
    return table
  }

  private static func report(
    _ items: [Item], _ results: [Result<SendReceipt, ClientError>], _ invocation: inout Invocation
  ) throws(Failure) {
    var table = Table([
      Column("MESSAGE ID", key: "messageId"), Column("TO", key: "topic"), Column("RESULT", key: "result"),
      Column("NEW ID", key: "newMessageId"), Column("PLACE", key: "place"),
      Column("ERROR", key: "error", wide: true),
    ])
    var failure: ClientError?
    var failures = 0
    for (item, result) in zip(items, results) {
      switch result {
      case .success(let receipt):
        let queue = receipt.queue
        table.add(
          .text(item.message.messageId), .text(item.topic), .text("sent"), .text(receipt.messageId),
          .text("\(queue.topic)/\(queue.broker)/\(queue.queueId)@\(receipt.queueOffset)"), .unknown)
      case .failure(let error):
        failures += 1
        failure = failure ?? error
        table.add(
          .text(item.message.messageId), .text(item.topic), .text("failed"), .unknown, .unknown,
          .text(error.message))
      }
    }
    if failures < items.count { invocation.print(table) }
    guard let failure else { return }
    if failures == items.count { throw Failure(failure) }
    throw Failure(
      .partial, "\(failures) of \(items.count) messages were not sent: \(failure.message)",
      hint: failure.hint)
  }

  static func place(_ message: Message) -> String {
    "\(message.topic)/\(message.broker)/\(message.queueId)@\(message.queueOffset)"
  }
}
