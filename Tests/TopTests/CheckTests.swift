// `--check`: rules as text, and their verdicts over snapshots.

import Testing
import Wire

@testable import Top

@Suite struct AlertRuleTests {
  @Test(arguments: [
    ("lag>1e6 for 5m", TableKind.groups, 300_000, "lag>1e6"),
    ("group: lag>1e6", .groups, 0, " lag>1e6"), ("broker: disk>90%", .brokers, 0, " disk>90%"),
    ("disk>90% for 90s", .brokers, 90_000, "disk>90%"),
    ("Topics : in=0 FOR 1h30m", .topics, 5_400_000, " in=0"),
    ("total: lag>1e6", .totals, 0, " lag>1e6"), ("put99>1s", .totals, 0, "put99>1s"),
    ("clients=0 and lag>10 for 10s ", .groups, 10_000, "clients=0 and lag>10"),
    ("address=10.0.0.1:10911", .brokers, 0, "address=10.0.0.1:10911"),
    ("queue: owner='' and share>50%", .queues, 0, " owner='' and share>50%"),
    ("group='wait for 5m'", .groups, 0, "group='wait for 5m'"),
  ])
  func readsRules(text: String, kind: TableKind, forMs: Int64, expression: String) throws {
    let rule = try AlertRule(text)
    #expect(rule.kind == kind)
    #expect(rule.forMs == forMs)
    #expect(rule.test.text == expression)
    #expect(rule.text == text)
  }

  @Test(arguments: [
    ("lga>5", 0, "no table has a column lga"), ("owner=a and disk>5", 0, "no table has all of these"),
    ("host: lag>5", 0, "host is no table: group, topic"), ("lag>5 for ever", 10, "ever is no duration"),
    ("lag>5 for", 9, "a duration is missing"), ("group: lag>", 11, "a value is missing"),
    ("broker: lag>5", 8, "brokers have no column lag"), ("", 0, "the name of a column"),
    ("for 5m", 0, "no duration"),
  ])
  func saysWhereARuleIsWrong(text: String, at: Int, what: String) {
    let problem = #expect(throws: RowExpression.Problem.self) { try AlertRule(text) }
    if what != "no duration" {
      #expect(problem?.at == at)
      #expect(problem?.what.contains(what) == true, "\(problem?.what ?? "")")
    }
  }
}

@Suite struct CheckSessionTests {
  private static func session(_ rules: String...) throws -> CheckSession {
    CheckSession(try rules.map { text in try AlertRule(text) })
  }
  private static func objects(_ verdict: CheckSession.Verdict?) -> [String]? {
    verdict?.violations.map { $0.object }
  }

  @Test func withoutADurationOneCompleteSnapshotDecides() throws {
    var scene = Scene()
    var session = try Self.session("lag>5", "total: lag>1e9", "broker: disk>55%")
    scene.run()
    let verdict = session.take(scene.snapshot)
    #expect(
      verdict?.violations == [
        CheckSession.Violation(check: "lag>5", object: "group g", values: "lag 10", heldMs: 0),
        CheckSession.Violation(
          check: "broker: disk>55%", object: "broker broker-b", values: "disk 60%", heldMs: 0),
      ])
    #expect(verdict?.exitCode == 2)
    #expect(
      CheckText.lines(try #require(verdict), checks: 3) == """
        TOP CRITICAL - 3 checks found 2
        critical: group g: lag 10 (lag>5)
        critical: broker broker-b: disk 60% (broker: disk>55%)

        """)
  }

  @Test func ratesWaitForTheSecondSample() throws {
    var scene = Scene()
    scene.snapshot[.groups].set("out", [.first])
    var session = try Self.session("out<9")
    scene.run()
    #expect(session.take(scene.snapshot) == nil)
    scene.set(.groups, ["out": [5]])
    scene.run()
    #expect(Self.objects(session.take(scene.snapshot)) == ["group g"])
  }

  @Test func aConditionMustHoldAllItsTime() throws {
    var scene = Scene()
    var session = try Self.session("lag>5 for 5s")
    var verdicts: [CheckSession.Verdict?] = []
    for _ in 0..<6 {
      scene.run()
      verdicts.append(session.take(scene.snapshot))
    }
    #expect(verdicts.dropLast().allSatisfy { $0 == nil })
    #expect(verdicts[5]?.violations.first?.heldMs == 5_000)
    // It ends at once when nothing is left that could fulfil it.
    scene = Scene()
    session = try Self.session("lag>5 for 1h")
    scene.run()
    #expect(session.take(scene.snapshot) == nil)
    scene.set(.groups, ["lag": [nil]])
    scene.run()
    #expect(session.take(scene.snapshot) == nil)
    scene.set(.groups, ["lag": [5]])
    scene.run()
    let taken = session.take(scene.snapshot)
    let verdict = try #require(taken)
    #expect(verdict == CheckSession.Verdict() && verdict.exitCode == 0)
    #expect(CheckText.lines(verdict, checks: 1) == "TOP OK - 1 check found nothing\n")
    #expect(CheckText.json(verdict) == "[]\n")
  }

  @Test func numbersThatNeverComeAreNoAllClear() throws {
    var scene = Scene()
    scene.set(.groups, ["lag": [nil]])
    scene.snapshot[.lag] = .unknown
    var session = try Self.session("lag>5")
    var verdict: CheckSession.Verdict?
    for _ in 0..<11 {
      #expect(verdict == nil)
      scene.run()
      verdict = session.take(scene.snapshot)
    }
    #expect(verdict?.unclear == ["lag>5"] && verdict?.exitCode == 3)
    #expect(
      CheckText.lines(try #require(verdict), checks: 1)
        == "TOP UNKNOWN - 1 check, 1 without an answer\nunknown: no answer has the numbers of lag>5\n")
    #expect(
      CheckText.json(try #require(verdict)).hasPrefix(
        "[{\"status\":\"unknown\",\"check\":\"lag>5\",\"object\":null"))
    // A group that nobody ever consumed with has no lag, beside others that have.
    scene = Scene()
    scene.snapshot[.groups] = Scene.table(.groups, ["g", "unused"])
    scene.set(.groups, ["lag": [3, nil]])
    session = try Self.session("lag>5")
    scene.run()
    #expect(session.take(scene.snapshot) == nil)
    scene.run()
    #expect(session.take(scene.snapshot) == CheckSession.Verdict())
    // The same of all groups, when their brokers answered that there is no lag.
    scene.set(.groups, ["lag": [nil, nil]])
    scene.snapshot[.lag] = Made.value(0)
    session = try Self.session("lag>5")
    scene.run()
    #expect(session.take(scene.snapshot) == nil)
    scene.run()
    #expect(session.take(scene.snapshot) == CheckSession.Verdict())
  }

  @Test func jsonTellsTheSame() throws {
    var scene = Scene()
    var session = try Self.session("lag>5 and clients=2")
    scene.run()
    let taken = session.take(scene.snapshot)
    let verdict = try #require(taken)
    #expect(
      CheckText.json(verdict)
        == "[{\"status\":\"critical\",\"check\":\"lag>5 and clients=2\",\"object\":\"group g\","
        + "\"message\":\"lag 10, clients 2\",\"heldMs\":0}]\n")
  }
}

@Suite struct EventLogTests {
  @Test func theLogIsBoundedAndItsTimesNameItsRows() {
    var log = EventLog()
    let events = (0..<700).map { WatchEvent(object: "topic t\($0)", text: "made") }
    for round in 0..<2 {
      log.take(events, nowMs: Int64(round), wallMs: 5_000) { "\($0)" }
    }
    let table = log.table(nowMs: 11)
    #expect(table.count == Limits.eventsMax)
    #expect(Set(table.names).count == table.count)
    #expect(table.names.first == "6399" && table.text(0, "object") == "topic t699")
    #expect(table.number(0, "age").number == 10)
    #expect(table.number(999, "age").number == 11)
  }
}
