// What operators ask of the store: clean up now, look into a queue, tell how replication
// stands (Apache AdminBrokerProcessor).
//
// Requests about engines that this server does not have (RocksDB queues, controller epochs) are answered as
// an Apache broker answers that does not use them either.

import Store
import Wire

enum UpkeepRequests {
  static let rows: [RequestRow] = [
    RequestRow(.cleanExpiredConsumeQueue, "CLEAN_EXPIRED_CONSUMEQUEUE", .brokers, .constant, cleanQueues),
    RequestRow(.deleteExpiredCommitLog, "DELETE_EXPIRED_COMMITLOG", .brokers, .linear, deleteLog),
    RequestRow(.cleanUnusedTopic, "CLEAN_UNUSED_TOPIC", .brokers, .scan, cleanTopics),
    RequestRow(.queryCorrectionOffset, "QUERY_CORRECTION_OFFSET", .brokers, .scan, correction),
    RequestRow(.queryConsumeQueue, "QUERY_CONSUME_QUEUE", .brokers, .linear, queue),
    RequestRow(
      .checkRocksDBQueueProgress, "CHECK_ROCKSDB_CQ_WRITE_PROGRESS", .brokers, .constant, rocksDBProgress),
    RequestRow(
      .exportRocksDBConfig, "EXPORT_ROCKSDB_CONFIG_TO_JSON", .brokers, .constant, rocksDBExport),
    RequestRow(.getBrokerHAStatus, "GET_BROKER_HA_STATUS", .brokers, .constant, replication),
    RequestRow(
      .resetMasterFlushOffset, "RESET_MASTER_FLUSH_OFFSET", .brokers, .constant, masterFlushOffset),
    RequestRow(.getBrokerEpochCache, "GET_BROKER_EPOCH_CACHE", .brokers, .constant, epochs),
    RequestRow(.popRollback, "POP_ROLLBACK", .brokers, .constant, popRollback),
  ]

  // MARK: cleaning

  /// The queues' old entries always go with the log's segments: there is nothing left to clean.
  static func cleanQueues(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, .success)
  }

  /// Segments whose time is over go as soon as a snapshot knows them, whatever the hour.
  static func deleteLog(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    node.store.cleanUp(nowMs: node.nowMs, atAnyHour: true)
    session.answer(header, .success)
  }

  /// Queues of topics that no longer have a configuration go.
  static func cleanTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let dropped = node.store.forgetQueuesWithoutTopic {
      node.broker.topics.isSystem($0) || $0.hasPrefix(TopicName.lightPrefix)
    }
    if dropped > 0 { node.log.info("queues of \(dropped) topics without configuration were dropped") }
    session.answer(header, .success)
  }

  // MARK: places of groups

  /// The smallest offset that any group committed in each queue of a topic; where the compared group is
  /// behind all others, the largest number there is.
  static func correction(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    let left = Set((header.string("filterGroups", in: fields) ?? "").split(separator: ",").map(String.init))
    var offsets: [Int32: Int64] = [:]
    for group in node.store.groups(ofTopic: topic) where !left.contains(group) {
      let range = { (queueId: Int32) in
        node.store.slot(topic).flatMap { node.store.queueRange($0, queueId) }
      }
      for (queueId, offset) in node.store.consumerOffsets(group: group, topic: topic)
      where offset >= range(queueId)?.lowerBound ?? 0 {
        offsets[queueId] = min(offsets[queueId] ?? Int64.max, offset)
      }
    }
    let compared = header.string("compareGroup", in: fields) ?? ""
    for (queueId, offset) in node.store.consumerOffsets(group: compared, topic: topic) {
      if offsets[queueId, default: Int64.max] > offset { offsets[queueId] = Int64.max }
    }
    let table = offsets.arranged { $0.key < $1.key }.map { JSON.Member(.int(Int64($0.key)), .int($0.value)) }
    session.answer(header, json: .object([.init("correctionOffsets", .object(table))]))
  }

  // MARK: a queue's entries

  static func queue(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    let queueId = header.int32("queueId", in: fields) ?? 0
    guard let slot = node.store.slot(topic), let range = node.store.queueRange(slot, queueId) else {
      return session.answer(header, .systemError, remark: "\(queueId)@\(topic) is not exist!")
    }
    let index = header.int64("index", in: fields) ?? 0
    guard range.contains(index) else {
      return session.answer(
        header, .success, remark: "Index \(index) of \(queueId)@\(topic) is not exist!")
    }
    var members: [JSON.Member] = []
    if let name = header.string("consumerGroup", in: fields) {
      let group = node.broker.clients.known(name)
      let subscription = group?.subscriptionList.first { $0.topic == topic }
      members.append(
        .init("filterData", .string(subscription == nil ? "\(name)@\(topic) is not online!" : "null")))
      if let subscription { members.append(.init("subscriptionData", subscription.json)) }
    }
    let count = min(Int64(max(0, header.int32("count", in: fields) ?? 0)), ServerLimits.queueEntriesMax)
    let end = min(range.upperBound, index + count)
    members += [
      .init("maxQueueIndex", .int(range.upperBound)), .init("minQueueIndex", .int(range.lowerBound)),
      .init("queueData", .array((index..<end).compactMap { entry(node, slot, queueId, $0) })),
    ]
    session.answer(header, json: .object(members))
  }

  private static func entry(_ node: Node, _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64) -> JSON? {
    guard let entry = node.store.entry(slot, queueId, offset) else { return nil }
    return .object([
      .init("eval", .bool(false)), .init("physicOffset", .int(entry.physicalOffset)),
      .init("physicSize", .int(Int64(entry.bytes))), .init("tagsCode", .int(entry.tagsCode)),
    ])
  }

  // MARK: engines

  /// 2 is Apache's "in progress", which is all that it ever answers: the result goes to its log.
  static func rocksDBProgress(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: .object([.init("checkStatus", .int(2))]))
  }

  /// The configuration is in JSON files already.
  static func rocksDBExport(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, .success, remark: "export done.")
  }

  /// What was popped was never in RocksDB: nothing is to be moved out of it.
  static func popRollback(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, .success)
  }

  /// A master without slaves.
  static func replication(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let names = [
      "lastReadTimestamp", "lastWriteTimestamp", "masterFlushOffset", "maxOffset", "transferredByteInSecond",
    ]
    session.answer(
      header,
      json: .object([
        .init("haClientRuntimeInfo", .object(names.map { .init($0, .int(0)) })),
        .init("haConnectionInfo", .array([])), .init("inSyncSlaveNums", .int(0)),
        .init("master", .bool(true)), .init("masterCommitLogMaxOffset", .int(node.store.maxOffset)),
      ]))
  }

  /// Only slaves have such an offset.
  static func masterFlushOffset(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, .success)
  }

  static func epochs(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, .systemError, remark: "this request only for controllerMode ")
  }
}
