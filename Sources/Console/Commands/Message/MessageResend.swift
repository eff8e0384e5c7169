// `mq message resend`: sends a stored message once more.

import Client
import Wire

enum MessageResend {
  static let row = Command(
    ["message", "resend"], summary: "Send a stored message once more",
    details: """
      Sends a copy with the same body, keys, tag and properties to the message's topic, or to the one of --to.
      The copy is a new message with an id of its own: every group that reads the topic gets it. What makes a
      message delayed, transactional or a question is left out.
      """,
    impact: .writes,
    arguments: [Argument("ID", "id of the message, or TOPIC/BROKER/QUEUE@OFFSET")],
    flags: [
      MessageCommands.topicFlag,
      Flag("to", .text, "TOPIC", "send it there, not to its own topic", completion: .topics),
    ], shared: [.change, .confirmation],
    examples: [
      Example("mq message resend AC1100010000A1B2C3D4E5F600010000 -t orders", "after asking"),
      Example("mq message resend orders/broker-a/3@1042 --to orders-test --yes", "a copy into another topic"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let message = try MessageCommands.lookUp(
      &invocation, invocation.required("ID"), topic: invocation.string("topic"))
    let topic = invocation.string("to") ?? message.topic
    try NameCheck.check(topic: topic)
    let question =
      "A copy of \(message.messageId) (\(Values.bytesText(Int64(message.body.count)))) will be sent to "
      + "topic \(topic); every group that reads it gets it."
    try Resending.run([Resending.Item(message: message, topic: topic)], question: question, &invocation)
  }
}
