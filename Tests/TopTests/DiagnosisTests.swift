// Why a group lags, and which cell shows it.

import Testing
import Top

@Suite struct DiagnosisTests {
  /// A cluster with one group, given by the numbers of its row, and its detail when it is open.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    var group: [String: Double] = [:]
    /// Queue: lag and owner; all on broker-a.
    var queues: [(lag: Double, owner: String)] = []
    /// Client: numbers of its row.
    var clients: [(name: String, numbers: [String: Double])] = []
    var coldRatio = 0.0
    var isRebalancing = false
    let cause: Diagnosis.Cause?
    var text = ""
    var evidence: Evidence?
    var testDescription: String { name }

    var snapshot: Snapshot {
      var snapshot = Made.snapshot()
      snapshot[.brokers] = TableData(.brokers, names: ["broker-a/0", "broker-b/0"])
      snapshot[.brokers].set("cold", [Made.value(coldRatio), Made.value(0.01)])
      snapshot[.groups] = TableData(.groups, names: ["other", "g"])
      for (key, number) in group { snapshot[.groups].set(key, row: 1, Made.value(number)) }
      if queues.isEmpty && clients.isEmpty { return snapshot }
      var detail = Detail(.group("g"))
      var queueTable = TableData(.groupQueues, names: queues.indices.map { "T#\($0)" })
      queueTable.set("lag", queues.map { Made.value($0.lag) })
      queueTable.set("owner", queues.map { $0.owner })
      queueTable.set("broker", queues.map { _ in "broker-a" })
      var clientTable = TableData(.groupClients, names: clients.map { $0.name })
      for (row, client) in clients.enumerated() {
        for (key, number) in client.numbers { clientTable.set(key, row: row, Made.value(number)) }
      }
      detail.tables = [queueTable, clientTable]
      snapshot.detail = detail
      return snapshot
    }
  }

  private static let even = Array(repeating: (lag: 100.0, owner: "c1"), count: 4)
  static let cases = [
    Case(name: "keeps up", group: ["lag": 3, "slope": 0, "clients": 0], cause: nil),
    Case(name: "unknown", group: ["clients": 0], cause: nil),
    Case(
      name: "no clients", group: ["lag": 190_000, "slope": 212, "clients": 0, "retry": 190_000],
      cause: .noClients, text: "no clients", evidence: Evidence(.groups, "g", "clients")),
    Case(
      name: "rebalance loop", group: ["lag": 5_000, "slope": 10, "clients": 3], isRebalancing: true,
      cause: .rebalanceLoop, text: "rebalance loop", evidence: Evidence(.groups, "g", "clients")),
    Case(
      name: "retry storm", group: ["lag": 5_000, "slope": 10, "clients": 3, "retry": 4_000],
      cause: .retryStorm, text: "retry storm: 4.0k wait", evidence: Evidence(.groups, "g", "retry")),
    Case(
      name: "some retries are no storm",
      group: ["lag": 50_000, "slope": 10, "clients": 3, "retry": 400, "out": 80],
      cause: .slowerThanProducers, text: "80/s out, lag +10/s", evidence: Evidence(.groups, "g", "slope")),
    Case(
      name: "a client fails", group: ["lag": 5_000, "slope": 10, "clients": 2], queues: even,
      clients: [("c1", ["failed": 40, "out": 50]), ("c2", ["failed": 0, "out": 90])],
      cause: .retryStorm, text: "c1 fails on 40/s", evidence: Evidence(.groupClients, "c1", "failed")),
    Case(
      name: "slow client by its time", group: ["lag": 5_000, "slope": 10, "clients": 3],
      clients: [
        ("c1", ["time": 9, "lag": 500]), ("c2", ["time": 812, "lag": 4_000]),
        ("c3", ["time": 11, "lag": 500]),
      ],
      cause: .slowClient, text: "c2 takes 812ms a message, others 11ms, has 80% of the lag",
      evidence: Evidence(.groupClients, "c2", "time")),
    Case(
      name: "slow client by its lag", group: ["lag": 5_000, "slope": 10, "clients": 3],
      queues: [(2_000, "c2"), (2_000, "c2"), (500, "c1"), (500, "c3")],
      clients: [
        ("c1", ["lag": 500, "queues": 1]), ("c2", ["lag": 4_000, "queues": 2]),
        ("c3", ["lag": 500, "queues": 1]),
      ],
      cause: .slowClient, text: "c2 has 80% of the lag", evidence: Evidence(.groupClients, "c2", "lag")),
    Case(
      name: "a client with most queues is not slow",
      group: ["lag": 5_000, "slope": 10, "out": 80, "clients": 2],
      queues: [(1_000, "c2"), (1_000, "c2"), (1_000, "c2"), (1_000, "c2"), (1_000, "c1")],
      clients: [("c1", ["lag": 1_000, "queues": 1]), ("c2", ["lag": 4_000, "queues": 4])],
      cause: .slowerThanProducers, text: "slower than its producers"),
    Case(
      name: "skewed queues", group: ["lag": 5_000, "slope": 10, "clients": 2],
      queues: [(10, "c1"), (4_500, "c2"), (10, "c2"), (10, "c1")],
      clients: [("c1", ["lag": 20, "queues": 2]), ("c2", ["lag": 4_510, "queues": 2])],
      cause: .skewedQueues, text: "T#1 has 99% of the lag", evidence: Evidence(.groupQueues, "T#1", "lag")),
    Case(
      name: "a client's only queue", group: ["lag": 5_000, "slope": 10, "clients": 3],
      queues: [(10, "c1"), (4_500, "c2"), (10, "c3")],
      clients: [
        ("c1", ["lag": 10, "queues": 1]), ("c2", ["lag": 4_500, "queues": 1]),
        ("c3", ["lag": 10, "queues": 1]),
      ],
      cause: .slowClient, text: "c2 has 100% of the lag", evidence: Evidence(.groupClients, "c2", "lag")),
    Case(
      name: "cold reads", group: ["lag": 5_000, "slope": 10, "clients": 2], coldRatio: 0.4,
      cause: .coldReads, text: "broker-a/0 reads 40% from disk",
      evidence: Evidence(.brokers, "broker-a/0", "cold")),
    Case(
      name: "cold reads of the open group", group: ["lag": 5_000, "slope": 10, "clients": 2], queues: even,
      coldRatio: 0.4, cause: .coldReads, text: "broker-a reads 40%",
      evidence: Evidence(.groupQueues, "T#0", "broker")),
    Case(
      name: "stuck", group: ["lag": 5_000, "slope": 10, "out": 0, "clients": 2], cause: .stuck,
      text: "stuck: 2 clients consume nothing", evidence: Evidence(.groups, "g", "out")),
    Case(
      name: "catching up", group: ["lag": 84_200, "slope": -90, "out": 7_800, "clients": 4],
      cause: .catchingUp, text: "done in about 15m", evidence: Evidence(.groups, "g", "slope")),
    Case(
      name: "stays behind", group: ["lag": 84_200, "slope": 0, "out": 7_800, "clients": 4],
      cause: .slowerThanProducers, text: "as fast as its producers"),
  ]

  @Test(arguments: cases) func saysWhy(_ example: Case) {
    let found = Diagnosis.of(group: 1, in: example.snapshot, isRebalancing: example.isRebalancing)
    #expect(found?.cause == example.cause)
    #expect(example.text.isEmpty || found?.text.contains(example.text) == true, "\(found?.text ?? "")")
    if let evidence = example.evidence { #expect(found?.evidence == evidence) }
  }

  @Test func theEvidenceIsMarkedInTheDetail() {
    var snapshot = Self.cases[7].snapshot
    var observer = Observer { _ in "12:00:00.000" }
    observer.complete(&snapshot)
    #expect(snapshot[.groups].text(1, "why").hasPrefix("slow client: c2 takes 812ms"))
    #expect(snapshot.detail?.evidence == Evidence(.groupClients, "c2", "time"))
    var model = Made.model(160, 50)
    _ = model.update(.snapshot(snapshot))
    model.press("4")
    model.press(.enter)
    #expect(model.place.target == .group("g"))
    let text = Screen.draw(model, .ascii).text
    #expect(text.contains("!812ms"))
    #expect(!text.contains("!9.0ms") && !text.contains("!11ms"))
  }
}
