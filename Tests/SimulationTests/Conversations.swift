// Request-reply: requesters ask, repliers answer (324, 325), the server pushes each reply to who asked (326).
// A reply comes to its requester or to nobody; who replied is told what became of it.

import Wire

final class Conversations: Feature {
  fileprivate static let topic = "Q"
  fileprivate static let replyTopic = "DefaultCluster_REPLY_TOPIC"
  private var requesters: [Requester] = []
  private var repliers: [Replier] = []
  /// Replies that a requester took, by the id of their message.
  fileprivate var taken: Set<Int> = []
  /// The request that a reply answers.
  fileprivate var questions: [Int: Int] = [:]

  init(_ world: World) { super.init(world, "conversation operator") }

  override func start() {
    let group = world.oracle.addGroup("G-reply") { $0.topic == Self.topic }
    makeTopic(Self.topic, queues: 2) { [self] in
      for index in 1...2 {
        let queue = (topic: Self.topic, queueId: Int32(index - 1))
        repliers.append(Replier(world, "replier \(index)", group, queue, self))
      }
      for index in 1...3 { requesters.append(Requester(world, "requester \(index)", self)) }
      for replier in repliers { replier.start() }
      for requester in requesters { requester.start() }
    }
  }

  override var isDone: Bool { !requesters.isEmpty && requesters.allSatisfy(\.isDone) }
}

/// A process that sends requests and waits for replies.
private final class Requester {
  /// How long it waits for a reply.
  private static let patienceMs: Int64 = 6_000
  /// When nothing goes wrong any more, it waits so long, and gets the reply.
  private static let lastPatienceMs: Int64 = 30_000

  private unowned let world: World
  private unowned let conversations: Conversations
  private let client: ModelClient
  private var life = 0
  private(set) var isDone = false
  /// Requests of this life that wait for their reply, and those that do not any more.
  private var waiting: Set<Int> = []
  private var past: Set<Int> = []

  init(_ world: World, _ name: String, _ conversations: Conversations) {
    self.world = world
    self.conversations = conversations
    client = ModelClient(world, name)
    client.onRequest = { [unowned self] request in
      if request.code == RequestCode.pushReplyMessageToClient.rawValue { take(request) }
    }
  }

  /// A process that starts again has another id.
  private var clientId: String { "\(client.name)#\(life)" }

  func start() {
    client.heartbeat(500...3_000) { [unowned self] in
      var data = HeartbeatData(clientId: clientId)
      data.producers = ["PG-request"]
      return data
    }
    restartLater()
    next()
  }

  private func restartLater() {
    world.after(world.delayMs(5_000...30_000)) { [self] in
      if world.areFaultsOver { return }
      client.restart()
      life += 1
      waiting = []
      past = []
      restartLater()
    }
  }

  private func next() {
    world.after(world.delayMs(100...4_000)) { [self] in
      // Those that were asked before are answered by then, or nobody waits for it.
      if world.isCalm(forMs: 15_000) { return ask(isLast: true) }
      if !world.areFaultsOver { ask(isLast: false) }
      next()
    }
  }

  private func ask(isLast: Bool) {
    let message = world.oracle.newMessage(world, topic: Conversations.topic)
    world.oracle.sending(message)
    waiting.insert(message.id)
    send(message, life)
    world.after(isLast ? Self.lastPatienceMs : Self.patienceMs) { [self, life] in
      if waiting.remove(message.id) == nil || life != self.life { return }
      past.insert(message.id)
      if isLast { return world.fail("request \(message.id) of \(clientId) gets no reply") }
      world.cover("request timed out")
    }
    if isLast { finish(message.id) }
  }

  /// Done as soon as the last request is answered.
  private func finish(_ id: Int) {
    world.after(100) { [self] in
      isDone = !waiting.contains(id)
      if !isDone { finish(id) }
    }
  }

  private func send(_ message: Sent, _ life: Int) {
    let properties =
      "MSG_TYPE\u{1}request\u{2}CORRELATION_ID\u{1}\(message.id)\u{2}REPLY_TO_CLIENT\u{1}\(clientId)\u{2}"
      + "TTL\u{1}\(Self.patienceMs)\u{2}"
    let fields = Producer.fields(message, Int32(message.id % 2), properties)
    client.ask(.sendMessageV2, fields, body: message.body) { [self] answer in
      if let answer, answer.code == 0 {
        let physical = OffsetMessageId(answer.fields["msgId"] ?? "")?.physicalOffset ?? -1
        let place = (Int32(answer.number("queueId") ?? -1), answer.number("queueOffset") ?? -1)
        return world.oracle.acknowledged(world, message.id, physicalOffset: physical, place: place)
      }
      answer == nil ? world.oracle.unknown(message.id) : world.oracle.refused(message.id)
      guard waiting.contains(message.id), life == self.life else { return }
      world.after(world.delayMs(10...800)) { [self] in
        guard waiting.contains(message.id), life == self.life else { return }
        world.oracle.retrying(message.id)
        send(message, life)
      }
    }
  }

  /// A reply, perhaps not the first to its request: whoever replies may have got the request twice.
  private func take(_ push: Answer) {
    let properties = Properties(decoding: Array((push.fields["properties"] ?? "").utf8).rawBytes)
    let question = properties["CORRELATION_ID"].flatMap { Int($0) } ?? -1
    let id = push.body.firstIndex(of: UInt8(ascii: ";")).flatMap {
      Int(String(decoding: push.body[..<$0], as: UTF8.self))
    }
    let isOurs = waiting.contains(question) || past.contains(question)
    guard let id, properties["REPLY_TO_CLIENT"] == clientId, isOurs else {
      return world.fail("\(clientId) gets a reply that is not for it: \(push.fields)")
    }
    if conversations.questions[id] != question || world.oracle.messages[id].body != push.body {
      world.fail("\(clientId) gets reply \(id) to request \(question) damaged")
    }
    let lot = world.areFaultsOver ? 100 : world.number(0...99)
    // It does not answer, or only when nobody waits for that any more.
    if lot < 5 { return }
    if lot < 10 { return client.answer(push, 1, afterMs: 0) }
    conversations.taken.insert(id)
    if lot < 15 { return client.answer(push, 0, afterMs: 11_000) }
    past.insert(question)
    if waiting.remove(question) != nil { world.cover("request replied") }
    client.answer(push, 0, afterMs: lot < 30 ? world.delayMs(0...3_000) : 0)
  }
}

/// Consumes requests and replies to them, by another connection.
private final class Replier: Consumer {
  private unowned let conversations: Conversations
  private let sender: ModelClient

  init(
    _ world: World, _ name: String, _ group: Oracle.Group, _ queue: (topic: String, queueId: Int32),
    _ conversations: Conversations
  ) {
    self.conversations = conversations
    sender = ModelClient(world, "\(name)'s sender")
    super.init(world, name, group, queues: [queue])
    onSeen = { [unowned self] message, received in
      later(life, ms: 0...500) { [self] in reply(to: message, received) }
    }
  }

  private func reply(to request: Sent, _ received: Received) {
    guard let receiver = received.properties["REPLY_TO_CLIENT"],
      received.properties["CORRELATION_ID"] == "\(request.id)"
    else { return world.fail("request \(request.id) does not say who asks: \(received.properties)") }
    var message = world.oracle.newMessage(world, topic: Conversations.replyTopic)
    message.comesOnce = true
    world.oracle.sending(message)
    conversations.questions[message.id] = request.id
    let properties =
      "MSG_TYPE\u{1}reply\u{2}CORRELATION_ID\u{1}\(request.id)\u{2}REPLY_TO_CLIENT\u{1}\(receiver)\u{2}"
    var fields = Producer.fields(message, 0, properties)
    let isShort = world.chance(50)
    if !isShort { fields = fields.map { (Self.longNames[$0.0] ?? $0.0, $0.1) } }
    let code: RequestCode = isShort ? .sendReplyMessageV2 : .sendReplyMessage
    sender.ask(code, fields, body: message.body, timeoutMs: 15_000) { [self] answer in
      guard let answer else { return world.oracle.unknown(message.id) }
      told(message.id, receiver, answer)
    }
  }

  private func told(_ id: Int, _ receiver: String, _ answer: Answer) {
    world.note("reply \(id) for \(receiver): \(answer.code) \(answer.remark)")
    let isTaken = conversations.taken.contains(id)
    if let half = OffsetMessageId(answer.fields["msgId"] ?? "") {
      let place = (Int32(answer.number("queueId") ?? -1), answer.number("queueOffset") ?? -1)
      world.oracle.acknowledged(world, id, physicalOffset: half.physicalOffset, place: place)
    } else {
      world.oracle.refused(id)
    }
    switch answer.code {
    case 0:
      if !isTaken {
        world.fail("reply \(id) was delivered, its sender is told, and \(receiver) has not got it")
      }
    case 1
    where [
      "push reply message fail, channel of <\(receiver)> not found.",
      "push reply message to \(receiver)fail.",
    ].contains(answer.remark):
      world.cover("reply to nobody")
    default: world.fail("reply \(id) is refused: \(answer.code) \(answer.remark)")
    }
  }

  private static let longNames = [
    "a": "producerGroup", "b": "topic", "c": "defaultTopic", "d": "defaultTopicQueueNums", "e": "queueId",
    "f": "sysFlag", "g": "bornTimestamp", "h": "flag", "i": "properties", "j": "reconsumeTimes",
    "k": "unitMode", "m": "batch",
  ]
}
