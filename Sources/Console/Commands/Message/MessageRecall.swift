// `mq message recall`: takes back a message that is to be delivered later.

import Client
import Wire

/// What a recall handle says (Apache RecallMessageHandle): base 64 of "v1 topic broker deliverMs id".
struct RecallHandle: Equatable {
  var topic: String
  var broker: String
  var deliverMs: Int64
  var messageId: String

  /// nil when it is no handle.
  init?(_ text: String) {
    guard let bytes = Base64.bytes(text, .url), let plain = String(validating: bytes, as: UTF8.self) else {
      return nil
    }
    let words = plain.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 5, words[0] == "v1", let deliverMs = Int64(words[3]) else { return nil }
    (topic, broker, self.deliverMs) = (String(words[1]), String(words[2]), deliverMs)
    messageId = String(words[4])
  }
}

enum MessageRecall {
  static let row = Command(
    ["message", "recall"], summary: "Take back a message that is not delivered yet",
    details: """
      HANDLE is what mq produce --delay or --at printed with the receipt. Brokers of 5.3 and later give it,
      and take messages back where recallMessageEnable=true.
      """,
    impact: .writes,
    arguments: [Argument("HANDLE", "recall handle of the receipt")],
    shared: [.change],
    examples: [
      Example("mq message recall djEgb3JkZXJzIGIgMTc5NTE2ODgwMDAwMSBJRA==", "takes the message back"),
      Example("mq message recall djEgb3JkZXJzIGIgMTc5NTE2ODgwMDAwMSBJRA== --dry-run", "shows the request"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let text = invocation.required("HANDLE")
    guard let handle = RecallHandle(text) else {
      throw Failure(.usage, "\(text) is no recall handle", hint: "mq produce --delay prints one")
    }
    let cluster = try invocation.admin()
    let route = try attempt { () throws(ClientError) in try cluster.route(handle.topic) }
    guard let target = TopicQueries.targets(route).first(where: { $0.name == handle.broker }) else {
      throw Failure(
        .notFound, "topic \(handle.topic) is not on broker \(handle.broker), which keeps the message",
        hint: "is that the cluster it was sent to?")
    }
    var plan = Plan()
    plan.add(
      target,
      Request(
        .recallMessage,
        [
          ("producerGroup", "mq"), ("topic", handle.topic), ("recallHandle", text), ("bname", handle.broker),
        ]), result: "recalled \(handle.messageId)")
    try plan.run(&invocation)
  }
}
