// What slaves and operators ask about timers: 60 and 61 (Apache AdminBrokerProcessor). Loop thread.

import Store
import Wire

enum TimerRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getTimerCheckPoint, "GET_TIMER_CHECK_POINT", .brokers, .constant, checkPoint),
    RequestRow(.getTimerMetrics, "GET_TIMER_METRICS", .brokers, .linear, metrics),
  ]

  /// The 56 bytes of config/timercheck.
  static func checkPoint(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if !node.options.timerWheelEnable {
      return session.answer(header, .systemError, remark: "The checkpoint is null")
    }
    session.answer(header, body: node.store.timerCheckpoint)
  }

  /// The content of config/timermetrics.
  static func metrics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if !node.options.timerWheelEnable {
      return session.answer(header, .systemError, remark: "The timer message store is null")
    }
    session.answer(header, json: node.store.timerMetricsJSON)
  }

  /// The timers' part of code 28.
  static func runtimeInfo(_ node: Node) -> [(String, String)] {
    let timers = node.broker.timers
    return [
      ("timerReadBehind", "\(timers.behindMs(node) / 1000)"), ("timerOffsetBehind", "0"),
      ("timerCongestNum", "\(timers.waiting)"),
      ("timerEnqueueTps", "\(timers.enqueuedPerSecond)"),
      ("timerDequeueTps", "\(timers.deliveredPerSecond)"),
    ]
  }
}
