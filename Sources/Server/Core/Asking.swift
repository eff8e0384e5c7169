// Requests that the server sends to a client and whose answers it waits for (Apache RemotingServer.invokeSync
// towards a client: codes 221, 307, 309).
//
// A question is kept under the connection and the opaque that it was sent with, until the answer arrives, the
// connection goes or its time is over; then what was to follow is called exactly once. Nothing blocks: the
// one who asked is remembered as an `Asker` and is answered from there.

import Linux
import Wire

/// What a client answered, copied out of its frame.
struct ClientAnswer {
  let code: Int32
  let remark: String?
  let fields: [(name: String, value: String)]
  let body: [UInt8]
}

/// A request that is answered later: enough to answer it without its frame. Its connection may be gone then.
struct Asker {
  let sessionId: UInt64
  let opaque: Int32
  let isOneWay: Bool

  init(_ session: Session, _ header: borrowing RemotingHeader) {
    sessionId = session.id
    opaque = header.opaque
    isOneWay = header.isOneWay
  }
}

/// Questions that wait for their answers. Loop thread only.
final class Asking {
  /// Called once: with the answer, or with nil when none came.
  typealias Then = (Node, ClientAnswer?) -> Void

  private struct Key: Hashable {
    let sessionId: UInt64
    let opaque: Int32
  }
  private struct Question {
    let ticket: UInt64
    let timer: UInt64
    let then: Then
  }
  private var questions: [Key: Question] = [:]
  /// Which question a timer belongs to.
  private var keys: [UInt64: Key] = [:]
  private var nextTicket: UInt64 = 1
  private var timers = Timers()

  /// Questions without an answer so far.
  var count: Int { questions.count }
  /// When the next question's time is over, ms; nil without any.
  var nextDeadlineMs: Int64? { timers.nextAtMs }

  /// Remembers what follows the answer to `opaque`; false when too many questions are open.
  fileprivate func remember(_ session: Session, _ opaque: Int32, untilMs: Int64, _ then: @escaping Then)
    -> Bool
  {
    if questions.count >= ServerLimits.questionsMax { return false }
    let key = Key(sessionId: session.id, opaque: opaque)
    let ticket = nextTicket
    nextTicket += 1
    questions[key] = Question(
      ticket: ticket, timer: timers.schedule(atMs: untilMs, payload: ticket), then: then)
    keys[ticket] = key
    return true
  }

  /// A response frame arrived. False when nobody waits for it (its time was over, or it was never asked).
  func answered(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) -> Bool {
    guard let then = take(Key(sessionId: session.id, opaque: header.opaque)) else { return false }
    var texts: [(name: String, value: String)] = []
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      texts.append((fields[field.name].text, header.text(of: field, in: fields)))
    }
    let remark = header.remark.valueBytes > 0 ? header.text(of: header.remark, in: fields) : nil
    then(node, ClientAnswer(code: header.code, remark: remark, fields: texts, body: body.array))
    return true
  }

  /// The connection went: nobody answers on it any more.
  func sessionClosed(_ node: Node, _ session: Session) {
    if questions.isEmpty { return }
    let gone = questions.keys.filter { $0.sessionId == session.id }.arranged { $0.opaque < $1.opaque }
    for key in gone { take(key)?(node, nil) }
  }

  /// Ends the questions whose time is over.
  func expire(_ node: Node) {
    while let ticket = timers.popDue(nowMs: node.nowMs) {
      guard let key = keys.removeValue(forKey: ticket) else { continue }
      questions.removeValue(forKey: key)?.then(node, nil)
    }
  }

  private func take(_ key: Key) -> Then? {
    guard let question = questions.removeValue(forKey: key) else { return nil }
    keys[question.ticket] = nil
    timers.cancel(question.timer)
    return question.then
  }
}

extension Node {
  /// Sends a request to a client and calls `then` once: with its answer, or with nil when the connection went
  /// or `timeoutMs` passed.
  ///
  /// - Returns: False when nothing was sent, because the connection is closed, too much already waits for it
  ///   to read, or too many questions are open; then `then` is never called.
  func ask(
    _ session: Session, code: RequestCode, fields: [(name: String, value: String)], body: [UInt8] = [],
    timeoutMs: Int64, then: @escaping Asking.Then
  ) -> Bool {
    if session.isClosed || session.out.count > ServerLimits.outputPauseBytes { return false }
    let opaque = session.nextOpaque &+ 1
    guard broker.asking.remember(session, opaque, untilMs: nowMs + timeoutMs, then) else { return false }
    write(session, code: code, fields: fields, body: body, oneWay: false)
    return true
  }

  /// Answers a request whose handler is long over; does nothing when its connection is gone.
  func answer(
    _ asker: Asker, _ code: Int32, remark: String? = nil, fields: [(name: String, value: String)] = [],
    body: [UInt8] = []
  ) {
    guard !asker.isOneWay, let session = sessions[asker.sessionId], !session.isClosed else { return }
    var writer = FrameWriter(response: code, opaque: asker.opaque, to: &session.out)
    for field in fields { writer.field(named: field.name, field.value, to: &session.out) }
    writer.endHeader(remark: remark, to: &session.out)
    session.out.append(body)
    writer.finish(to: &session.out)
    touch(session)
  }
}
