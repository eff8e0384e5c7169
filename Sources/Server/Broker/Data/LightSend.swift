// Messages that also go to light queues (Apache LmqDispatch): the broker writes the place that the message
// gets in each of them into its properties before it stores it. Loop thread.

import Store
import Wire

extension Node {
  /// As `append`, for a message with INNER_MULTI_DISPATCH. Its property string is written anew, which may
  /// allocate: such messages are rare.
  func appendToLightQueues(
    _ draft: RecordDraft, _ slot: TopicSlot, topic: RawSpan, _ properties: RawSpan, _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    var changed = Properties(decoding: properties)
    // A place that the client wrote counts for nothing.
    changed[PropertyName.innerMultiQueueOffset] = nil
    let targets = try lightTargets(changed, topic: topic.text)
    if !targets.isEmpty {
      let offsets = targets.map { store.queueRange($0, 0)?.upperBound ?? 0 }
      changed[PropertyName.waitStoreOK] = nil
      changed[PropertyName.innerMultiDispatch] = targets.map { store.topicName($0) }.joined(separator: ",")
      changed[PropertyName.innerMultiQueueOffset] = offsets.map { "\($0)" }.joined(separator: ",")
    }
    let encoded = changed.encoded
    if encoded.count > ServerLimits.propertiesBytesMax {
      throw Refusal(
        .messageIllegal, "the message properties are longer than \(ServerLimits.propertiesBytesMax) bytes")
    }
    do {
      let stored = try store.append(
        draft, to: slot, topic: topic, properties: encoded.rawBytes, scan: PropertyScan(encoded.rawBytes),
        body: body, nowMs: nowMs)
      broker.longPolls.touched(slot, draft.queueId)
      for target in targets { broker.longPolls.touched(target, 0) }
      return stored
    } catch {
      throw Refusal(error)
    }
  }

  /// The light queues that the message names, each once; names of other topics do not count, as in Apache.
  private func lightTargets(_ properties: Properties, topic: String) throws(Refusal) -> [TopicSlot] {
    if !TopicName.allowsLightQueues(topic) { return [] }
    var names: [String] = []
    for name in (properties[PropertyName.innerMultiDispatch] ?? "").split(separator: ",").map(String.init)
    where store.isLight(name) && !name.contains("/") && name.utf8.count <= ServerLimits.retryTopicBytesMax {
      if !names.contains(name) { names.append(name) }
      if names.count > ServerLimits.lightQueuesPerMessageMax {
        throw Refusal(
          .messageIllegal, "the message names more than \(ServerLimits.lightQueuesPerMessageMax) light queues"
        )
      }
    }
    let unknown = names.count { !store.knowsTopic($0) }
    if !store.hasRoomForLightQueues(unknown) {
      throw Refusal(
        .systemError,
        """
        [LMQ_CONSUME_QUEUE_NUM_EXCEEDED]broker config enableLmq and enableMultiDispatch, lmq consumeQueue \
        num exceed maxLmqConsumeQueueNum config num, default limit 2w.
        """)
    }
    return names.map { store.makeSlot($0) }
  }
}
