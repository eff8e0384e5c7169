// A model client that pops: it acknowledges most messages, calls some back, forgets some.

import Linux
import Wire

@testable import Server

final class PopConsumer {
  /// What the processes of one group know together.
  final class Ledger {
    let group: Oracle.Group
    /// Messages whose acknowledgement was answered in time, with the time of that pop: they must not come
    /// again.
    fileprivate var done: [Int: Int64] = [:]
    /// The newest pop of each message: its time, and until when it is invisible; ms.
    fileprivate var pops: [Int: (atMs: Int64, untilMs: Int64)] = [:]
    /// Messages that may be on their way twice: the server was killed while it brought them back, or while it
    /// changed their time.
    fileprivate var twofold: Set<Int> = []
    private var boots = 0
    init(_ group: Oracle.Group) { self.group = group }

    /// The server may have been killed in the middle of anything that was not done.
    fileprivate func look(_ world: World) {
      if boots == world.boots { return }
      boots = world.boots
      for id in world.oracle.messages.indices where done[id] == nil { twofold.insert(id) }
    }

    fileprivate func forget() {
      done = [:]
      pops = [:]
    }
  }

  private unowned let world: World
  private let client: ModelClient
  private let ledger: Ledger
  private let topics: [String]
  private var life = 0
  /// Everything is acknowledged when this is 0.
  var forgetsPercent = 10

  init(_ world: World, _ name: String, _ ledger: Ledger, topics: [String]) {
    self.world = world
    self.ledger = ledger
    self.topics = topics
    client = ModelClient(world, name)
    world.onPowerLoss.append { [weak self] in self?.powerLost() }
  }

  func start() {
    begin()
    planRestart()
  }

  private func begin() {
    for topic in topics { pop(topic, life) }
  }

  private func planRestart() {
    world.after(world.delayMs(5_000...60_000)) { [self] in
      if world.areFaultsOver { return }
      restart()
      planRestart()
    }
  }

  private func restart() {
    life += 1
    client.restart()
    later(life, 50...2_000) { [self] in begin() }
  }

  /// ASYNC flush may have lost acknowledgements, and check points with what they say.
  private func powerLost() {
    if !world.plan.flushSync { ledger.forget() }
    restart()
  }

  private func later(_ life: Int, _ ms: ClosedRange<Int64>, _ action: @escaping () -> Void) {
    world.after(world.delayMs(ms)) { [self] in
      if life == self.life { action() }
    }
  }

  private func ask(
    _ code: RequestCode, _ fields: [(String, String)], timeoutMs: Int64, _ life: Int,
    then: @escaping (Answer?) -> Void
  ) {
    client.ask(code, fields, timeoutMs: timeoutMs) { [self] answer in
      if life == self.life { then(answer) }
    }
  }

  private func pop(_ topic: String, _ life: Int) {
    let invisibleMs = world.delayMs(1_000...20_000)
    let fields = [
      ("consumerGroup", ledger.group.name), ("topic", topic), ("queueId", "-1"),
      ("maxMsgNums", "\(world.number(1...32))"), ("invisibleTime", "\(invisibleMs)"),
      ("pollTime", "\(world.delayMs(0...10_000))"), ("bornTime", "\(world.nowMs)"), ("initMode", "0"),
      ("order", "false"),
    ]
    ask(.popMessage, fields, timeoutMs: 15_000, life) { [self] answer in
      defer { later(life, answer == nil ? 100...1_000 : 0...500) { [self] in pop(topic, life) } }
      guard let answer, answer.code == 0 else { return }
      guard let all = try? Received.all(answer.body), let popMs = answer.number("popTime") else {
        return world.fail("\(client.name) gets records that cannot be read")
      }
      for received in all { take(received, topic, popMs, invisibleMs, answer, life) }
    }
  }

  private func take(
    _ received: Received, _ topic: String, _ popMs: Int64, _ invisibleMs: Int64, _ answer: Answer, _ life: Int
  ) {
    guard let message = world.oracle.seen(world, ledger.group, received) else { return }
    ledger.look(world)
    // A message that was sent twice may be there twice, one with a delay that was delivered twice too.
    let isSingle = !message.wasUnknown && message.delayMs == 0 && !ledger.twofold.contains(message.id)
    let before = ledger.pops[message.id]
    if isSingle, let done = ledger.done[message.id], popMs > done {
      world.fail("message \(message.id) was acknowledged, and \(client.name) gets it again")
    }
    if isSingle, let before, popMs > before.atMs && popMs < before.untilMs {
      world.fail(
        "message \(message.id) is invisible for \(before.untilMs - popMs) ms more, and \(client.name) gets it"
      )
    }
    if popMs > before?.atMs ?? 0 { ledger.pops[message.id] = (popMs, popMs + invisibleMs) }
    if world.chance(world.areFaultsOver ? 0 : forgetsPercent) { return }
    guard let receipt = received.properties["POP_CK"] ?? receipt(received, answer) else {
      return world.fail("an answer without a receipt for \(received.queueId):\(received.offset)")
    }
    let isRetry = receipt.split(separator: " ")[4] == "1"
    let fields = [
      ("consumerGroup", ledger.group.name),
      ("topic", isRetry ? "%RETRY%\(ledger.group.name)_\(topic)" : topic), ("queueId", "\(received.queueId)"),
      ("offset", "\(received.offset)"), ("extraInfo", receipt),
    ]
    later(life, 0...5_000) { [self] in finish(message.id, fields, popMs, untilMs: popMs + invisibleMs, life) }
  }

  private func receipt(_ received: Received, _ answer: Answer) -> String? {
    for part in (answer.fields["startOffsetInfo"] ?? "").split(separator: ";") {
      let words = part.split(separator: " ")
      if words[0] == "0" && words[1] == "\(received.queueId)" {
        let times = ["popTime", "invisibleTime", "reviveQid"].map { answer.fields[$0] ?? "" }
        return ([String(words[2])] + times + ["0", "broker-a", "\(received.queueId)", "\(received.offset)"])
          .joined(separator: " ")
      }
    }
    return nil
  }

  private func finish(
    _ id: Int, _ fields: [(String, String)], _ popMs: Int64, untilMs: Int64, _ life: Int
  ) {
    if !world.areFaultsOver && world.chance(10) { return change(id, fields, life) }
    ask(.ackMessage, fields, timeoutMs: 3_000, life) { [self] answer in
      // A message that is on its way twice is done only when both are.
      ledger.look(world)
      if answer?.code == 0 && world.nowMs < untilMs && !ledger.twofold.contains(id) {
        ledger.done[id] = popMs
      }
      if let code = answer?.code, code != 0 && code != 2 && code != 14 {
        world.fail("an acknowledgement of message \(id) is answered with \(code)")
      }
    }
  }

  private func change(_ id: Int, _ fields: [(String, String)], _ life: Int) {
    let invisibleMs = world.delayMs(0...5_000)
    // Whatever becomes of the request: from now on it may come any time.
    ledger.pops[id] = nil
    ask(
      .changeMessageInvisibleTime, fields + [("invisibleTime", "\(invisibleMs)")], timeoutMs: 3_000, life
    ) { _ in }
  }
}
