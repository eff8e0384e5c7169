// Requests that the server sends to clients and waits for.

import Testing
import Wire

@testable import Server

@Suite struct AskingTests {
  /// What followed a question.
  private final class Outcome {
    var answers: [ClientAnswer?] = []
  }

  private func ask(_ rig: Rig, _ client: FakeClient, _ outcome: Outcome, timeoutMs: Int64 = 5000) -> Bool {
    rig.node.ask(
      client.session, code: .getConsumerRunningInfo, fields: [("consumerGroup", "g")], body: [1, 2],
      timeoutMs: timeoutMs
    ) { _, answer in outcome.answers.append(answer) }
  }

  @Test func answerReachesWhoAskedOnce() throws {
    let rig = try Rig()
    let client = try rig.client()
    let outcome = Outcome()
    #expect(ask(rig, client, outcome))
    _ = try client.take()
    let request = try #require(client.pushed.last)
    #expect(request.code == 307 && request.fields == ["consumerGroup": "g"] && request.body == [1, 2])
    #expect(try client.answer(request, code: 3, remark: "why", [("a", "b")], body: [9]))
    let answer = try #require(outcome.answers.first ?? nil)
    #expect(answer.code == 3 && answer.remark == "why" && answer.body == [9])
    #expect(answer.fields.map(\.name) == ["a"] && answer.fields.map(\.value) == ["b"])
    // A second answer and the deadline find nobody who waits.
    #expect(try !client.answer(request))
    rig.node.nowMs += 60_000
    rig.node.broker.work(rig.node)
    #expect(outcome.answers.count == 1 && rig.node.broker.asking.nextDeadlineMs == nil)
  }

  @Test func silenceEndsAtTheDeadline() throws {
    let rig = try Rig()
    let client = try rig.client()
    let outcome = Outcome()
    #expect(ask(rig, client, outcome, timeoutMs: 100))
    _ = try client.take()
    #expect(rig.node.broker.nextDueMs == rig.node.nowMs + 100)
    rig.node.nowMs += 99
    rig.node.broker.work(rig.node)
    #expect(outcome.answers.isEmpty)
    rig.node.nowMs += 1
    rig.node.broker.work(rig.node)
    #expect(outcome.answers.count == 1 && outcome.answers[0] == nil)
    #expect(try !client.answer(client.pushed[0]))
  }

  @Test func aClosedConnectionEndsItsOwnQuestionsOnly() throws {
    let rig = try Rig()
    let (one, other) = (try rig.client(), try rig.client())
    let (gone, kept) = (Outcome(), Outcome())
    #expect(ask(rig, one, gone) && ask(rig, one, gone) && ask(rig, other, kept))
    rig.disconnect(one)
    #expect(gone.answers.count == 2 && gone.answers.allSatisfy { $0 == nil })
    #expect(kept.answers.isEmpty && !ask(rig, one, gone))
    // The same opaque on another connection is another question.
    _ = try other.take()
    #expect(try other.answer(other.pushed[0]) && kept.answers.count == 1)
  }

  @Test func thereIsALimit() throws {
    let rig = try Rig()
    let client = try rig.client()
    let outcome = Outcome()
    for _ in 0..<ServerLimits.questionsMax { #expect(ask(rig, client, outcome)) }
    #expect(!ask(rig, client, outcome))
    rig.node.nowMs += 5000
    rig.node.broker.work(rig.node)
    #expect(outcome.answers.count == ServerLimits.questionsMax && rig.node.broker.asking.count == 0)
    #expect(ask(rig, client, outcome))
  }
}
