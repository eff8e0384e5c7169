// Taking messages with a time of delivery (Apache HookUtils.handleScheduleMessage). Loop thread.

import Store
import Wire

extension TimerMessages {
  /// What became of a message with timer properties.
  struct Accepted {
    var stored: AppendResult
    /// Start of its slot (TIMER_OUT_MS); nil when it is delivered at once.
    var outMs: Int64?
  }

  /// Stores the message whose topic and properties lie in `producing` for its time.
  func append(
    _ node: Node, _ draft: RecordDraft, _ target: TopicSlot, _ scan: PropertyScan, _ body: RawSpan
  ) throws(Refusal) -> Accepted {
    let producing = node.broker.producing
    var properties = Properties(decoding: producing.properties.bytes)
    if let outMs = try prepare(node, &properties) {
      let stored = try append(
        node, draft, topic: producing.name.bytes.text, properties, outMs: outMs, body)
      return Accepted(stored: stored, outMs: outMs)
    }
    let stored = try node.append(
      draft, target, topic: producing.name.bytes, producing.properties.bytes, scan, body)
    return Accepted(stored: stored)
  }

  /// Stores a message for the slot that `prepare` gave. Its topic and queue travel as REAL_TOPIC and
  /// REAL_QID.
  func append(
    _ node: Node, _ draft: RecordDraft, topic realTopic: String, _ properties: Properties, outMs: Int64,
    _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    var properties = properties
    properties[PropertyName.timerOutMs] = "\(outMs)"
    properties[PropertyName.realTopic] = realTopic
    properties[PropertyName.realQueueId] = "\(draft.queueId)"
    let encoded = properties.encoded
    if encoded.count > ServerLimits.propertiesBytesMax {
      throw Refusal(
        .messageIllegal, "the message properties are longer than \(ServerLimits.propertiesBytesMax) bytes")
    }
    var waiting = draft
    waiting.queueId = 0
    let topic = Array(TopicName.timer.utf8)
    let stored = try node.append(
      waiting, slot, topic: topic.rawBytes, encoded.rawBytes, PropertyScan(encoded.rawBytes), body)
    node.store.countTimer(
      realTopic, properties[PropertyName.timerDeleteKey] == nil ? 1 : -1, nowMs: node.nowMs)
    return stored
  }

  /// The slot of a message that asks for a time, nil when it is to be delivered at once; refuses what no time
  /// can be made of. TIMER_DELAY_SEC goes before TIMER_DELAY_MS, and that before TIMER_DELIVER_MS.
  func prepare(_ node: Node, _ properties: inout Properties) throws(Refusal) -> Int64? {
    if properties[PropertyName.timerOutMs] != nil { return nil }
    let options = node.options
    if !options.timerWheelEnable {
      throw Refusal(.systemError, "accurate timer message is not enabled, timerWheelEnable is false")
    }
    let maxMs = options.timerMaxDelaySeconds * 1000
    let illegal = Refusal(
      .messageIllegal,
      """
      timer message illegal, the delay time should not be bigger than the max delay \(maxMs)ms; or if set \
      del msg, the delay time should be bigger than the current time
      """)
    guard let deliverMs = Self.deliverMs(properties, nowMs: node.nowMs) else { throw illegal }
    let isDelete = properties[PropertyName.timerDeleteKey] != nil
    if deliverMs <= node.nowMs {
      if isDelete { throw illegal }
      return nil
    }
    if deliverMs - node.nowMs > maxMs { throw illegal }
    let precisionMs = options.store.timers.precisionMs
    let outMs = (deliverMs - 1) / precisionMs * precisionMs
    if isFull(node, outMs: outMs) {
      let limit = options.timersPerSlotMax
      throw Refusal(
        .systemError,
        """
        timer message is under flow control, max num limit is \(2 * limit) or the current value is greater \
        than \(limit) and less than \(2 * limit), trigger random flow control
        """)
    }
    return outMs
  }

  /// Nil when the property that counts is no number, or too large a one.
  private static func deliverMs(_ properties: Properties, nowMs: Int64) -> Int64? {
    func number(_ name: String) -> Int64?? {
      properties[name].map { TimerNumber.parse(Array($0.utf8).rawBytes) }
    }
    if let seconds = number(PropertyName.timerDelaySeconds) {
      guard let (ms, overflow) = seconds?.multipliedReportingOverflow(by: 1000), !overflow else { return nil }
      return sum(nowMs, ms)
    }
    if let ms = number(PropertyName.timerDelayMs) { return ms.flatMap { sum(nowMs, $0) } }
    return number(PropertyName.timerDeliverMs) ?? nil
  }

  private static func sum(_ a: Int64, _ b: Int64) -> Int64? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
  }
}
