// Transactions: half messages, their ends, and what is remembered of both (Apache
// TransactionalMessageServiceImpl, TransactionalMessageBridge, EndTransactionProcessor).
//
// A transaction ends once, by a commit, a rollback or too many questions. What is pending is held in memory
// and found again at the start: half messages from the half queue's progress on, less those that op messages
// name, less those whose committed message is in the log (Recovery). Progress is kept as consumer offsets of
// CID_RMQ_SYS_TRANS, as Apache has it, and only once the log before it is on the disk.
//
// Op messages are written once a turn (and whenever one is full), so each names every transaction that ended
// before its place in the log: after a kill at most the ends of one turn have no op message. Their committed
// messages are behind the last op message, and are found there.

import Store
import Wire

/// Pending transactions of the broker. Loop thread only.
final class Transactions {
  private(set) var timeoutMs: Int64 = 0
  private(set) var checkIntervalMs: Int64 = 0
  private(set) var checkMax: Int64 = 0
  private(set) var isRejected = false
  /// Older half messages are given up (Apache fileReservedTime).
  private(set) var reservedMs: Int64 = 0

  var pending = PendingTransactions()
  var ops = OpProgress(offset: 0)
  var halfSlot = TopicSlot(rawValue: 0)
  private var opSlot = TopicSlot(rawValue: 0)
  let halfTopic = Array(TopicName.transactionHalf.utf8)
  private let opTopic = Array(TopicName.transactionOp.utf8)
  /// `TAGS` and `WAIT`, as Apache's op messages have them.
  private let opProperties = Properties([(PropertyName.tags, "d"), (PropertyName.waitStoreOK, "true")])
    .encoded

  /// Half offsets of the next op message, each followed by a comma.
  private var opBody = ByteBuffer(capacity: ServerLimits.opMessageBytesMax)
  private var opHighest: Int64 = -1
  /// Record at hand.
  var raw = ByteBuffer()
  /// End of the half queue when the running round of checks began; nil between rounds.
  var roundEnd: Int64?
  var nextCheckMs: Int64 = 0
  /// The store refused: try again then.
  var retryAtMs: Int64 = 0
  /// Producers of the groups that are asked in this turn.
  var producers: [String: [Session]] = [:]
  /// Which producer of a group is asked next.
  var askTurn = 0
  /// Progress that may be saved once the log up to `logEnd` is on the disk.
  private var progress: (half: Int64, op: Int64, logEnd: Int64)?

  init(options: ServerOptions) { take(options) }

  /// Settings that an operator may change at any time.
  func take(_ options: ServerOptions) {
    nextCheckMs -= max(0, checkIntervalMs - options.transactionCheckIntervalMs)
    timeoutMs = options.transactionTimeoutMs
    checkIntervalMs = options.transactionCheckIntervalMs
    checkMax = options.transactionCheckMax
    isRejected = options.rejectTransactions
    reservedMs = Int64(options.store.fileReservedHours) * 3_600_000
  }

  func boot(_ node: Node) {
    halfSlot = node.store.makeSlot(TopicName.transactionHalf)
    opSlot = node.store.makeSlot(TopicName.transactionOp)
    recover(node, opSlot)
    nextCheckMs = node.nowMs + checkIntervalMs
  }

  /// Once a turn.
  func work(_ node: Node) {
    if opBody.isEmpty && roundEnd == nil && node.nowMs < nextCheckMs || node.nowMs < retryAtMs { return }
    do throws(Refusal) {
      try writeOps(node)
      if roundEnd == nil && node.nowMs >= nextCheckMs {
        roundEnd = node.store.queueRange(halfSlot, 0)?.upperBound ?? 0
      }
      if let end = roundEnd {
        try check(node, before: end)
        try writeOps(node)
      }
    } catch {
      node.log.warn("transactions wait: \(error.remark)")
      retryAtMs = node.nowMs + ServerLimits.transactionRetryMs
    }
  }

  /// Before the store closes: the ends of an unfinished turn get their op message.
  func close(_ node: Node) {
    do throws(Refusal) {
      try writeOps(node)
    } catch {
      node.log.warn("transactions that ended last may be asked for again: \(error.remark)")
    }
  }

  /// When `work` has something to do.
  var nextDueMs: Int64? {
    if !opBody.isEmpty || roundEnd != nil { return retryAtMs }
    return max(nextCheckMs, retryAtMs)
  }

  // MARK: begin

  /// Whether a send begins a transaction. A redelivery that still carries the property does not: consumers
  /// send their failed messages so.
  func isPrepare(_ scan: PropertyScan, _ properties: RawSpan, _ draft: RecordDraft) -> Bool {
    guard let flag = scan.transactionPrepared, draft.reconsumeTimes == 0 else { return false }
    return properties[flag].text.lowercased() == "true"
  }

  /// Stores the message at hand (its topic and completed properties lie in `producing`) as a half message.
  /// Returns the scan of the properties as they then are.
  func prepare(
    _ node: Node, _ draft: RecordDraft, _ scan: PropertyScan, _ body: RawSpan
  ) throws(Refusal) -> (stored: AppendResult, scan: PropertyScan) {
    let producing = node.broker.producing
    if isRejected {
      let host = node.brokerAddress.lastIndex(of: ":").map { node.brokerAddress[..<$0] } ?? ""
      throw Refusal(.noPermission, "the broker[\(host)] sending transaction message is forbidden")
    }
    if scan.timer != nil {
      throw Refusal(.messageIllegal, "a transactional message cannot have a delivery time")
    }
    if pending.count >= ServerLimits.pendingTransactionsMax {
      throw Refusal(
        .systemBusy, "[PCBUSY]\(pending.count) transactions are pending, start flow control for a while")
    }
    var key: [UInt8] = []
    if let range = scan.uniqueKey { key = producing.properties.bytes[range].array }
    complete(producing, key, queueId: draft.queueId)
    // Twice: a copy that has been counted in still has room for the next one.
    let bytesMax = ServerLimits.propertiesBytesMax - 2 * ServerLimits.transactionPropertiesBytes
    if producing.properties.count > bytesMax {
      throw Refusal(.messageIllegal, "the message properties are longer than \(bytesMax) bytes")
    }
    var half = draft
    half.queueId = 0
    half.sysFlag = draft.sysFlag.with(.none)
    let topic = halfTopic
    let scan = PropertyScan(producing.properties.bytes)
    let stored = try node.append(
      half, halfSlot, topic: topic.rawBytes, producing.properties.bytes, scan, body)
    pending.put(origin: stored.queueOffset, copy: stored.queueOffset)
    return (stored, scan)
  }

  /// Adds transaction id, topic and queue to the property string. What a forwarded message still carries of
  /// another transaction is removed.
  private func complete(_ producing: Producing, _ key: [UInt8], queueId: Int32) {
    let old = HalfProperties(producing.properties.bytes)
    if old.checkTimes != nil || old.origin != nil {
      var properties = Properties(decoding: producing.properties.bytes)
      properties[TransactionProperty.checkTimes] = nil
      properties[TransactionProperty.origin] = nil
      producing.properties.removeAll()
      producing.properties.append(properties.encoded)
    }
    producing.properties.append("__transactionId__\u{1}")
    producing.properties.append(key)
    producing.properties.append("\u{2}REAL_TOPIC\u{1}")
    producing.properties.append(producing.name.bytes)
    producing.properties.append("\u{2}REAL_QID\u{1}")
    producing.properties.append(decimal: Int64(queueId))
    producing.properties.append(UInt8(2))
  }

  // MARK: end

  /// The transaction is over: its newest half message goes into the next op message. Call `reserveOp` first.
  func end(origin: Int64) {
    guard let copy = pending.end(origin: origin) else { return }
    opBody.append(decimal: copy)
    opBody.append(UInt8(ascii: ","))
    opHighest = max(opHighest, copy)
  }

  /// Makes room in the op message for one more end, so that an end is never without a place.
  func reserveOp(_ node: Node) throws(Refusal) {
    // 19 digits and a comma.
    if opBody.count + 20 > ServerLimits.opMessageBytesMax { try writeOps(node) }
  }

  /// Writes the op message of all ends since the last one; returns where it lies.
  @discardableResult
  func writeOps(_ node: Node) throws(Refusal) -> AppendResult? {
    if opBody.isEmpty { return nil }
    let stored = try appendOp(node, opBody)
    node.broker.stats.put(opSlot, messages: 1, bytes: stored.bytes)
    ops.note(highestHalf: opHighest)
    opBody.removeAll()
    opHighest = -1
    return stored
  }

  private func appendOp(_ node: Node, _ body: borrowing ByteBuffer) throws(Refusal) -> AppendResult {
    var draft = RecordDraft()
    draft.bornTimestampMs = node.nowMs
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    draft.sysFlag = SysFlag(rawValue: node.storeHost.isV6 ? 0x30 : 0)
    let (topic, properties) = (opTopic, opProperties)
    return try node.append(
      draft, opSlot, topic: topic.rawBytes, properties.rawBytes, PropertyScan(properties.rawBytes),
      body.bytes)
  }

  // MARK: progress

  /// Once a second: the consumer offsets of CID_RMQ_SYS_TRANS follow what is done. A place in the half queue
  /// is given up only when all that was stored before is on the disk, for the copies that replace it.
  func saveProgress(_ node: Node) {
    if let saved = progress {
      if node.store.durable < saved.logEnd { return }
      commit(node, TopicName.transactionHalf, saved.half)
      commit(node, TopicName.transactionOp, saved.op)
    }
    let half = pending.first()?.copy ?? node.store.queueRange(halfSlot, 0)?.upperBound ?? 0
    ops.advance(halfOffset: half)
    progress = (half, ops.offset, node.store.maxOffset)
  }

  private func commit(_ node: Node, _ topic: String, _ offset: Int64) {
    if node.store.consumerOffset(group: Self.group, topic: topic, queueId: 0) == offset { return }
    // Nothing was ever put there.
    if offset == 0 { return }
    node.store.commitOffset(group: Self.group, topic: topic, queueId: 0, offset)
  }

  /// Whose consumer offsets tell how far half and op queue are done with (Apache MixAll.CID_SYS_RMQ_TRANS).
  static let group = "CID_RMQ_SYS_TRANS"
}
