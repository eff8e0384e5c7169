// `mq dlq export`: the dead letters of a group as lines of JSON, resumable.

import Client

enum DlqExport {
  static let row = Command(
    ["dlq", "export"], summary: "Write the dead letters of a group as JSON lines",
    details: """
      As mq message export, with originTopic and originMessageId in each line. mq message import --topic sends
      them somewhere; mq dlq resend sends them to where they came from.
      """,
    arguments: [DlqCommands.groupArgument],
    flags: MessageExport.flags + MessageRange.flags + MessageRange.grepFlags,
    shared: [.connection, .broker],
    examples: [
      Example("mq dlq export billing > dead.jsonl", "all dead letters of the group billing"),
      Example("mq dlq export billing --since -1d --grep timeout -f dead.jsonl", "some of the last day"),
    ]
  ) { invocation throws(Failure) in
    let topic = try DlqCommands.topic(&invocation, invocation.required("GROUP"))
    try MessageExport.run(&invocation, topic: topic, name: "mq dlq export", isDeadLetter: true)
  }
}
