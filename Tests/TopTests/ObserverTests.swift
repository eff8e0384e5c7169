// Alerts and events over time.

import Testing
import Top

/// A cluster of two brokers and one group whose numbers change between snapshots, a second apart.
struct Scene {
  var snapshot: Snapshot
  var observer: Observer
  private let startMs = Made.nowMs
  private(set) var seconds = 0

  init(_ settings: WatchSettings = WatchSettings()) {
    observer = Observer(settings) { wallMs in
      let second = wallMs / 1_000 - 1_700_000_000
      return "12:\(10 + second / 60):\(10 + second % 60).\(wallMs % 1_000)"
    }
    snapshot = Made.snapshot()
    snapshot.nameServersUp = 2
    snapshot.nameServersExpected = 2
    snapshot[.brokers] = Self.table(.brokers, ["broker-a", "broker-b"])
    snapshot[.brokers].set("address", ["10.0.1.11:10911", "10.0.1.12:10911"])
    snapshot[.groups] = Self.table(.groups, ["g"])
    snapshot[.clients] = Self.table(.clients, [])
    set(.brokers, ["disk": [0.5, 0.6], "in": [1, 1], "up": [1e9, 1e9]])
    set(.groups, ["lag": [10], "slope": [0], "clients": [2], "retry": [0], "dlq": [0], "out": [5]])
  }
  static func table(_ kind: TableKind, _ names: [String]) -> TableData {
    var table = TableData(kind, names: names)
    table.isKnown = true
    return table
  }

  /// Sets columns; nil is unknown.
  mutating func set(_ kind: TableKind, _ columns: [String: [Double?]]) {
    for (key, values) in columns {
      snapshot[kind].set(key, values.map { $0.map { Made.value($0) } ?? .unknown })
    }
  }
  mutating func setClients(_ names: [String]) {
    snapshot[.clients] = Self.table(.clients, names)
    snapshot[.clients].set("group", names.map { _ in "g" })
    snapshot[.clients].set("language", names.map { _ in "JAVA" })
    set(.groups, ["clients": [Double(names.count)]])
  }
  /// Lets seconds pass, each with a snapshot.
  mutating func run(_ count: Int = 1) {
    for _ in 0..<count {
      snapshot.sequence += 1
      snapshot.takenAtMs = startMs + Int64(seconds) * 1_000
      snapshot.wallMs = 1_700_000_000_000 + Int64(seconds) * 1_000
      observer.complete(&snapshot)
      seconds += 1
    }
  }
  var alerts: [String] {
    let table = snapshot[.alerts]
    return table.names.indices.map {
      "\(table.names[$0]) | \(table.text($0, "level")) | \(table.text($0, "text"))"
    }
  }
  /// The newest first.
  var events: [String] {
    let table = snapshot[.events]
    return table.names.indices.map { table.text($0, "object") + ": " + table.text($0, "text") }
  }
}

@Suite struct AlertTests {
  @Test func nothingIsWrongAtFirst() {
    var scene = Scene()
    scene.run(100)
    #expect(scene.alerts.isEmpty && scene.events.isEmpty)
    #expect(scene.snapshot[.alerts].isKnown && scene.snapshot[.events].isKnown)
  }

  @Test func aGroupWithoutClientsAlertsAfterAMinute() {
    var scene = Scene()
    scene.setClients(["10.0.5.4@9"])
    scene.run()
    scene.setClients([])
    scene.set(.groups, ["lag": [190_000], "slope": [212]])
    scene.run(60)
    #expect(scene.alerts.isEmpty)
    scene.run(301)
    #expect(
      scene.alerts == [
        "group g | critical | lag 190k, +212/s for 6m, no clients connected since 12:10:11 "
          + "(last: 10.0.5.4@9 JAVA)"
      ])
    #expect(scene.snapshot.isAlerting(.groups, "g") && !scene.snapshot.isAlerting(.topics, "g"))
    #expect(scene.snapshot[.alerts].number(0, "since").number == 360_000)
    // A lag that does not grow is the lesser alert; the group's row keeps one line.
    scene.set(.groups, ["slope": [0]])
    scene.run(14)
    #expect(scene.alerts[0].contains("critical"))
    scene.run(2)
    #expect(scene.alerts.count == 1)
    #expect(scene.alerts[0].hasPrefix("group g | warning | 190k messages wait, no clients connected since"))
    scene.setClients(["10.0.5.4@10"])
    scene.run(20)
    #expect(scene.alerts.isEmpty)
    #expect(scene.events.first?.hasPrefix("group g: alert over after") == true)
    #expect(scene.events.filter { $0.contains(": alert: ") }.count == 2)
  }

  @Test func aConditionThatComesAndGoesIsOneAlert() {
    var scene = Scene()
    for _ in 0..<10 {
      scene.set(.brokers, ["disk": [0.86, 0.5]])
      scene.run(3)
      scene.set(.brokers, ["disk": [0.84, 0.5]])
      scene.run(5)
      #expect(scene.alerts.count == 1)
    }
    #expect(scene.events == ["broker broker-a: alert: commit log disk 86% > 85%"])
    scene.run(12)
    #expect(scene.alerts.isEmpty)
    #expect(scene.events.count == 2)
  }

  @Test func missingNumbersEndAnAlertLater() {
    var scene = Scene()
    scene.set(.brokers, ["disk": [0.86, 0.5]])
    scene.run()
    scene.set(.brokers, ["disk": [nil, 0.5]])
    scene.run(50)
    #expect(scene.alerts.count == 1)
    scene.run(15)
    #expect(scene.alerts.isEmpty)
  }

  @Test func theWorstOfOneFamilyIsTold() {
    var scene = Scene()
    scene.set(
      .brokers, ["disk": [0.95, 0.5], "sendWait": [150, 5], "sendQueue": [121, 0], "pageCache": [900, 0]])
    scene.run(10)
    #expect(
      scene.alerts == [
        "broker broker-a | critical | commit log disk 95% > 90%; writes are refused from 90% on; "
          + "121 sends wait, the first of them 150ms for 9s; the page cache holds puts up, 900ms for 9s"
      ])
    // The lesser one that it hides is no news.
    #expect(scene.events.filter { $0.contains("disk") }.count == 1)
    #expect(scene.events.count == 3)
  }

  @Test func aFillingDiskSaysWhenItIsFull() {
    var scene = Scene()
    for minute in 0..<6 {
      scene.set(.brokers, ["disk": [0.84 + 0.005 * Double(minute), 0.5]])
      scene.run(60)
    }
    #expect(
      scene.alerts.first?.contains("writes stop at 90% in about") == true, "\(scene.alerts)")
  }

  @Test func brokersAreMissedAndComeBack() {
    var scene = Scene()
    scene.run(3)
    scene.set(.brokers, ["disk": [0.5, nil], "in": [1, nil], "up": [1e9, nil]])
    scene.run(5)
    #expect(scene.alerts == ["broker broker-b | critical | 10.0.1.12:10911 does not answer for 4s"])
    scene.set(.brokers, ["disk": [0.5, 0.6], "in": [1, 1], "up": [1e9, 4_000]])
    scene.run(20)
    #expect(scene.alerts.isEmpty)
    #expect(
      scene.events == [
        "broker broker-b: alert over after 19s: 10.0.1.12:10911 does not answer for 4s",
        "broker broker-b: restarted; it had run for 11d13h", "broker broker-b: is back after 5s",
        "broker broker-b: alert: 10.0.1.12:10911 does not answer for 0s",
        "broker broker-b: does not answer any more",
      ])
    scene.snapshot[.brokers] = Scene.table(.brokers, ["broker-a", "broker-c"])
    scene.set(.brokers, ["in": [1, 1]])
    scene.run()
    #expect(scene.events.contains("broker broker-b: is not registered any more"))
    #expect(scene.events.contains("broker broker-c: registered at "))
  }

  @Test func retriesDeadLettersAndNameServersAlert() {
    var scene = Scene()
    scene.run()
    scene.set(.groups, ["retry": [2_000], "dlq": [12], "lag": [2_500]])
    scene.snapshot.nameServersUp = 1
    scene.snapshot[.putLatency99Ms] = Made.value(300)
    scene.snapshot.nameServerDispute = "ns-2 does not know broker-b"
    scene.run(62)
    #expect(
      Set(scene.alerts) == [
        "group g | warning | retry storm: 2.0k messages wait for another attempt for 1m1s; "
          + "12 new dead letters, the last 1m1s ago; 12 in all",
        "name servers | warning | 1 of 2 answer; do not agree: ns-2 does not know broker-b",
        "cluster prod-a | warning | 99% of the puts take up to 300ms for 1m1s",
      ])
    #expect(scene.events.contains("name servers: lost: 1 of 2 answer, 2 did before"))
    scene.set(.groups, ["retry": [0]])
    scene.run(700)
    #expect(!scene.alerts.contains { $0.hasPrefix("group") })
  }

  @Test func settingsChangeThresholdsAndAddRules() throws {
    var settings = WatchSettings()
    var taken: [Bool] = []
    for (key, value) in [
      ("disk", "55%"), ("alert", "group: lag>5 for 3s"), ("pinAlerts", "true"), ("colour", "red"),
    ] {
      taken.append(try settings.take(key, value))
    }
    #expect(taken == [true, true, true, false] && settings.pinsAlerts)
    for (key, value) in [("disk", "much"), ("alert", "lag>"), ("pinAlerts", "maybe")] {
      var copy = settings
      #expect(throws: (any Error).self) { try copy.take(key, value) }
    }
    var scene = Scene(settings)
    scene.run(5)
    #expect(
      scene.alerts == [
        "broker broker-b | warning | commit log disk 60% > 55%",
        "group g | warning | lag 10 for 4s (group: lag>5 for 3s)",
      ])
  }

  @Test func settingsComeFromAFile() throws {
    let settings = try WatchSettings(
      file: """
        # as our disks are
          disk=60%
        diskCritical = 0.7

        sendWait = 1s
        alert = queue: share>50% and in>1k for 10s
        pinAlerts = true
        """)
    #expect(settings[.disk] == 0.6 && settings[.diskCritical] == 0.7 && settings[.sendWait] == 1_000)
    #expect(settings[.retry] == Limits.retryAlertMessages && settings.pinsAlerts)
  }
  @Test(arguments: [
    ("disk 60%", 1, "KEY = VALUE is missing"), ("\ndisk = much", 2, "much is no value of disk"),
    ("disks = 1", 1, "there is no setting disks; there is: alert, pinAlerts, backlog, disk"),
    ("alert = lag>5 for ever", 1, "ever is no duration"),
    ("#\n\npinAlerts = 1", 3, "1 is neither true nor false"),
  ])
  func aWrongLineIsNamed(text: String, line: Int, what: String) {
    let problem = #expect(throws: WatchSettings.Problem.self) { try WatchSettings(file: text) }
    #expect(problem?.line == line)
    #expect(problem?.what.contains(what) == true, "\(problem?.what ?? "")")
  }
}

@Suite struct EventTests {
  @Test func topicsAndGroupsComeAndGo() {
    var scene = Scene()
    scene.run()
    let topics = scene.snapshot[.topics]
    scene.snapshot[.topics] = Made.topics(
      topics.names.filter { $0 != "audit-log" }.map { Made.Topic($0) } + [Made.Topic("new")])
    scene.snapshot[.groups] = Scene.table(.groups, ["g", "h"])
    scene.run()
    #expect(scene.events == ["group h: made", "topic audit-log: deleted", "topic new: made"])
    // Many at once are one line.
    scene.snapshot[.topics] = Made.topics((0..<300).map { Made.Topic("t\($0)") } + [Made.Topic("new")])
    scene.run()
    #expect(scene.events.contains("topics: 300 made: t0, t1, t2, …"))
    // The topics of a lost broker were not deleted.
    let count = scene.events.count
    scene.set(.brokers, ["disk": [0.5, nil], "in": [1, nil], "up": [1e9, nil]])
    scene.snapshot[.topics] = Made.topics([Made.Topic("new")])
    scene.run()
    #expect(!scene.events.prefix(scene.events.count - count).contains { $0.contains("deleted") })
  }

  @Test func clientsJoinAndLeave() {
    var scene = Scene()
    scene.setClients(["c1", "c2"])
    scene.run()
    scene.setClients(["c1", "c3", "c4"])
    scene.run()
    scene.snapshot[.clients] = TableData(.clients)
    scene.set(.groups, ["clients": [1]])
    scene.run()
    #expect(
      scene.events == [
        "group g: 3 -> 1 client", "group g: 2 -> 3 clients: c3 JAVA, c4 JAVA joined; c2 JAVA left",
      ])
  }

  @Test func ownersThatKeepChangingAreALoop() {
    var scene = Scene()
    scene.set(.groups, ["lag": [5_000], "slope": [10]])
    for round in 0..<5 {
      var detail = Detail(.group("g"))
      var queues = Scene.table(.groupQueues, ["T#0", "T#1", "T#2"])
      queues.set("owner", round % 2 == 0 ? ["c1", "c1", "c2"] : ["c1", "c2", "c2"])
      detail.tables = [queues]
      scene.snapshot.detail = detail
      scene.run()
    }
    #expect(scene.events.first == "group g: rebalance: 1 of 3 queues have another owner (2,1)")
    #expect(scene.events.count == 4)
    #expect(scene.snapshot[.groups].text(0, "why").hasPrefix("rebalance loop"))
    scene.run(400)
    #expect(scene.snapshot[.groups].text(0, "why").hasPrefix("slower"))
  }

  @Test func eventsShowTheNewestFirst() {
    var scene = Scene()
    scene.run()
    scene.set(.groups, ["clients": [3]])
    scene.run()
    scene.set(.groups, ["clients": [4]])
    scene.run()
    var model = Made.model()
    _ = model.update(.snapshot(scene.snapshot))
    model.press("9")
    #expect(model.names == ["12:10:12.0", "12:10:11.0"])
    model.press(.enter)
    #expect(model.place.target == .group("g"))
  }
}
