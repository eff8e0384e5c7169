// Flow control of cold reads, as operators see it (Apache AdminBrokerProcessor).

import Store
import Wire

enum ColdFlowRequests {
  static let rows: [RequestRow] = [
    RequestRow(.updateColdDataFlowControl, "UPDATE_COLD_DATA_FLOW_CTR_CONFIG", .brokers, .linear, update),
    RequestRow(.removeColdDataFlowControl, "REMOVE_COLD_DATA_FLOW_CTR_CONFIG", .brokers, .constant, remove),
    RequestRow(.getColdDataFlowControl, "GET_COLD_DATA_FLOW_CTR_INFO", .brokers, .linear, info),
    RequestRow(.setCommitLogReadMode, "SET_COMMITLOG_READ_MODE", .brokers, .constant, readMode),
  ]

  /// Takes `group=bytes` lines; as in Apache, lines without a number are left out.
  static func update(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    for entry in PropertiesText.entries(body.text) {
      guard let threshold = Int64(entry.value), entry.key.utf8.count <= TopicName.groupBytesMax else {
        continue
      }
      if !node.broker.coldReads.flow.set(entry.key, threshold: threshold) {
        return session.answer(
          header, .systemError,
          remark: "\(ServerLimits.coldThresholdsMax) groups have a threshold already; remove one first")
      }
      node.log.info("cold reads of group \(entry.key) limited to \(threshold) bytes in five seconds")
    }
    session.answer(header, .success)
  }

  static func remove(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    node.broker.coldReads.flow.removeThreshold(of: body.text)
    session.answer(header, .success)
  }

  static func info(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: node.broker.coldReads.flow.json(nowMs: node.nowMs))
  }

  /// 0 reads ahead of old messages that a pull asks for, 1 reads no more than it needs.
  static func readMode(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.fieldCount == 0 {
      return session.answer(header, .systemError, remark: "set commitlog readahead mode param error")
    }
    guard let mode = header.int32("READ_AHEAD_MODE", in: fields) else {
      return session.answer(header, .systemError, remark: "set commitlog readahead mode failed")
    }
    if mode != 0 && mode != 1 {
      return session.answer(
        header, .invalidParameter, remark: "set commitlog readahead mode param value error")
    }
    node.store.setReadsAhead(mode == 0)
    session.answer(header, .success, remark: "set commitlog readahead mode success, mode: \(mode)")
  }
}
