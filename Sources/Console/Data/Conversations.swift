// What `mq produce` does when sending is not all: ask and wait for the answer, or leave a transaction to the
// broker's check. One thread.

import Client
import Linux
import Wire

enum Conversations {
  /// What came of a question.
  struct Answer {
    var asked: SendReceipt
    var reply: Message
    var elapsedMs: Int64
  }

  /// Sends a question and waits for its answer.
  ///
  /// - Throws: `.unreachable` when none comes in time.
  static func ask(
    _ message: OutgoingMessage, _ cluster: Cluster, _ producer: inout Producer,
    _ target: MessageSender.Target, timeoutMs: Int64
  ) throws(Failure) -> Answer {
    cluster.accept([RequestCode.pushReplyMessageToClient.rawValue])
    var presence = ProducerPresence(cluster, group: producer.group, near: target.address)
    try presence.keepUp(cluster)
    defer { presence.leave(cluster) }
    let correlationId = "\(presence.clientId)-\(Process.randomUInt64())"
    var message = message
    message.ask(correlationId: correlationId, clientId: presence.clientId, liveMs: timeoutMs)
    let startMs = Clock.monotonicMs()
    let receipt: SendReceipt
    do throws(ClientError) {
      receipt = try producer.send(message, to: target.queue, at: target.address)
    } catch { throw Failure(error) }
    while true {
      let leftMs = startMs + timeoutMs - Clock.monotonicMs()
      if leftMs <= 0 {
        throw Failure(
          .unreachable, "nobody answered \(receipt.messageId) within \(Values.durationText(timeoutMs))",
          hint: "is a consumer that answers running, like mq consume \(target.queue.topic) -g GROUP -f "
            + "--reply TEXT?")
      }
      try presence.keepUp(cluster)
      for request in cluster.arrivals(waitMs: min(leftMs, Limits.loopMs)).requests {
        guard let reply = Message(reply: request),
          reply.properties[PropertyName.correlationId] == correlationId
        else { continue }
        return Answer(asked: receipt, reply: reply, elapsedMs: Clock.monotonicMs() - startMs)
      }
    }
  }

  /// Sends a half message, says nothing about its end, and commits it when the broker asks.
  ///
  /// - Throws: `.unreachable` when the broker does not ask in time; the half stays there.
  static func leaveToCheck(
    _ message: OutgoingMessage, _ cluster: Cluster, _ producer: inout Producer,
    _ target: MessageSender.Target, timeoutMs: Int64, say: (String) -> Void
  ) throws(Failure) -> (receipt: SendReceipt, elapsedMs: Int64) {
    cluster.accept([RequestCode.checkTransactionState.rawValue])
    var presence = ProducerPresence(cluster, group: producer.group, near: target.address)
    try presence.keepUp(cluster)
    defer { presence.leave(cluster) }
    let startMs = Clock.monotonicMs()
    let receipt: SendReceipt
    do throws(ClientError) {
      receipt = try producer.sendHalf(message, to: target.queue, at: target.address).receipt
    } catch { throw Failure(error) }
    say("half message \(receipt.messageId) is stored; waiting for the broker to ask about it")
    while true {
      let leftMs = startMs + timeoutMs - Clock.monotonicMs()
      if leftMs <= 0 {
        throw Failure(
          .unreachable,
          "the broker did not ask about \(receipt.messageId) within \(Values.durationText(timeoutMs))",
          hint: "it asks the group \(producer.group) again and drops the message in the end; "
            + "its transactionCheckInterval says how often")
      }
      try presence.keepUp(cluster)
      for request in cluster.arrivals(waitMs: min(leftMs, Limits.loopMs)).requests {
        // Other processes of the group may have halves there: those are not ours to end.
        guard let half = HalfMessage(check: request), half.messageId == receipt.messageId else { continue }
        do throws(ClientError) { try producer.end(half, .commit) } catch { throw Failure(error) }
        return (receipt, Clock.monotonicMs() - startMs)
      }
    }
  }
}
