// --columns, --filter, --sort-by, --template and -o yaml on one table and one report.

import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct SelectionTests {
  private var table: Table {
    var table = Table([
      Column("GROUP", key: "group"), Column("LAG", key: "lag", right: true),
      Column("SIZE", key: "sizeBytes", right: true, wide: true),
      Column("IDLE", key: "idleMs", right: true, wide: true),
      Column("LAST SEEN", key: "lastSeen", wide: true),
      Column("BROKERS", key: "brokers", wide: true),
      Column("DISK", key: "diskRatio", right: true, wide: true),
      Column("ORDERED", key: "isOrdered", wide: true),
    ])
    table.add(
      .text("orders"), .lag(20), .bytes(1 << 20), .duration(5000), .time(testNowMs - 60_000),
      .list(["a", "b"]),
      .ratio(0.9), .flag(true))
    table.add(
      .text("order-bills"), .lag(3), .bytes(10), .duration(100), .time(testNowMs - 600_000), .list(["b"]),
      .ratio(0.1), .flag(false))
    table.add(
      .text("users"), .unknown, .bytes(2048), .duration(60_000), .never, .list([]), .ratio(0.5), .flag(false))
    return table
  }

  /// Names of the rows that the expression lets through.
  private func names(_ filter: String, _ order: String = "") throws -> String {
    var selection = Selection()
    selection.nowMs = testNowMs
    selection.filter = filter.isEmpty ? nil : try RowFilter(filter)
    selection.order = try Selection.order(order)
    return try selection.apply(to: table).rows.map { Format.plain($0[0]) }.joined(separator: " ")
  }

  @Test(arguments: [
    ("lag>3", "orders"), ("lag>=3", "orders order-bills"), ("lag=3", "order-bills"),
    ("lag==3", "order-bills"), ("lag!=3", "orders"), ("LAG<1e2", "orders order-bills"),
    ("not lag=3", "orders users"), ("group~order", "orders order-bills"), ("group~order?", "orders"),
    ("group ~ '*s'", "orders order-bills users"), ("group!~order", "users"),
    ("group<p", "orders order-bills"),
    ("lag>1 and lag<10", "order-bills"), ("group=users or lag>5", "orders users"),
    ("group=users or lag>5 and group=nobody", "users"),
    ("(group=users or lag>5) and group=users", "users"), ("not (group=users or lag>5)", "order-bills"),
    ("sizeBytes>=1MiB", "orders"), ("size<2k", "order-bills"), ("sizeBytes=2048", "users"),
    ("idleMs>5s", "users"), ("idleMs<=100", "order-bills"), ("lastSeen>-5m", "orders"),
    ("'last seen'<=-5m", "order-bills"), ("brokers=b", "orders order-bills"),
    ("brokers!=a", "order-bills users"),
    ("brokers~a*", "orders"), ("diskRatio>50%", "orders"), ("diskRatio>=0.5", "orders users"),
    ("isOrdered=yes", "orders"), ("isOrdered=false", "order-bills users"),
    ("group=\"orders\"", "orders"), ("group=nobody", ""),
  ])
  func filtersRows(expression: String, expected: String) throws { #expect(try names(expression) == expected) }

  @Test(arguments: [
    ("lag", "order-bills orders users"), ("lag:desc", "orders order-bills users"),
    ("group", "order-bills orders users"), ("sizeBytes:DESC", "orders users order-bills"),
    ("isOrdered,lag", "order-bills users orders"), ("last seen", "order-bills orders users"),
    ("isOrdered, lag", "order-bills users orders"),
  ])
  func sortsRowsWithTheUnknownLast(order: String, expected: String) throws {
    #expect(try names("", order) == expected)
  }

  @Test(arguments: [
    ("lag>", "lag>", 4, "a value is missing"), ("lag 5", "lag 5", 4, "a comparison is missing"),
    ("lag>5 and", "lag>5 and", 9, "the name of a column is missing"), ("(lag>5", "(lag>5", 6, "closing"),
    ("lag>5 group=a", "lag>5 group=a", 6, "and, or, or the end"), ("group='a", "group='a", 6, "not closed"),
    ("订单>5 x", "订单>5 x", 7, "and, or, or the end"), ("", "", 0, "the name of a column"),
  ])
  func saysWhereAnExpressionIsWrong(expression: String, shown: String, column: Int, what: String) {
    let error = #expect(throws: Failure.self) { try RowFilter(expression) }
    let lines = (error?.message ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    #expect(error?.code == .usage && lines.count == 3)
    #expect(lines.first?.contains(what) == true, "\(lines)")
    #expect(lines.last == "  " + String(repeating: " ", count: column) + "^")
    #expect(lines.dropFirst().first == "  " + shown)
  }

  @Test func namesWhatCannotBeCompared() throws {
    for (expression, what) in [
      ("lga>5", "no column is named lga"), ("group=a and lag>many", "many cannot be compared with lag"),
      ("lastSeen>soon", "soon cannot be compared"), ("isOrdered=maybe", "maybe cannot"),
    ] {
      let error = #expect(throws: Failure.self) { try names(expression) }
      #expect(error?.message.contains(what) == true)
      #expect(error?.code == .usage)
    }
    let error = #expect(throws: Failure.self) { try names("lga>5") }
    #expect(error?.hint.hasPrefix("did you mean lag? there is: group, lag, sizeBytes") == true)
  }

  @Test func deepNestingIsRefused() {
    let error = #expect(throws: Failure.self) {
      try RowFilter(String(repeating: "(", count: 1000) + "lag>1" + String(repeating: ")", count: 1000))
    }
    #expect(error?.message.contains("levels") == true)
  }

  private func printed(_ format: OutputFormat, columns: [String], template: String? = nil) throws -> String {
    let streams = Streams(capturing: nil)
    streams.options.format = format
    streams.selection.columns = columns
    streams.selection.template = try template.map { try Template($0) }
    streams.print(table)
    if let refusal = streams.refusal { throw refusal }
    return streams.capturedOut
  }

  @Test func columnsAreChosenInEveryFormat() throws {
    #expect(try printed(.table, columns: ["lag", "ORDERED"]) == "LAG  ORDERED\n 20  yes\n  3  no\n  -  no\n")
    #expect(
      try printed(.csv, columns: ["diskRatio", "group"]).hasPrefix("diskRatio,group\r\n0.9,orders\r\n"))
    #expect(
      try printed(.yaml, columns: ["lag", "brokers"]) == """
        - lag: 20
          brokers:
            - a
            - b
        - lag: 3
          brokers:
            - b
        - lag: null
          brokers: []

        """)
    #expect(
      try printed(.json, columns: ["lastSeen"]).hasSuffix(
        "\"lastSeen\": null,\n    \"lastSeenMs\": null\n  }\n]\n"))
    #expect(try printed(.name, columns: ["lag"]) == "orders\norder-bills\nusers\n")
    let error = #expect(throws: Failure.self) { try printed(.table, columns: ["lags"]) }
    #expect(error?.message == "--columns: no column is named lags")
  }

  @Test func templatesShapeLines() throws {
    #expect(
      try printed(.template, columns: [], template: "{group}\\t{lag} {{{SIZE}}}")
        == "orders\t20 {1048576}\norder-bills\t3 {10}\nusers\t {2048}\n")
    let error = #expect(throws: Failure.self) { try printed(.template, columns: [], template: "{grop}") }
    #expect(error?.hint.hasPrefix("did you mean group?") == true)
    for bad in ["{group", "{}", "a {"] {
      #expect(throws: Failure.self, "\(bad)") { try Template(bad) }
    }
  }

  @Test func reportsAreChosenFromToo() throws {
    var report = Report()
    report.add("Group", key: "group", .text("g"))
    report.add("Lag", key: "lag", .lag(7))
    report.add("Clients", key: "clients", table)
    var selection = Selection()
    selection.columns = ["lag"]
    var options = Format.Options()
    options.format = .yaml
    #expect(Format.text(try selection.apply(to: report), options) == "lag: 7\n")
    selection.filter = try RowFilter("lag>1")
    #expect(throws: Failure.self) { try selection.apply(to: report) }
    #expect(try selection.apply(to: [report, report]).count == 2)

    report.mainSection = "clients"
    #expect(
      Format.text(try selection.apply(to: report), options) == """
        group: g
        lag: 7
        clients:
          - lag: 20
          - lag: 3

        """)
    let streams = Streams(capturing: nil)
    streams.options.format = .template
    streams.selection.template = try Template("{group} {idleMs}")
    streams.print(report)
    #expect(streams.capturedOut == "orders 5000\norder-bills 100\nusers 60000\n")
  }

  @Test(arguments: [
    ("orders", "orders"), ("%RETRY%g", "\"%RETRY%g\""), ("127.0.0.1:10911", "\"127.0.0.1:10911\""),
    ("true", "\"true\""), ("No", "\"No\""), ("null", "\"null\""), ("", "\"\""), ("12", "\"12\""),
    ("1e5", "\"1e5\""),
    ("a: b", "\"a: b\""), ("a b", "\"a b\""), ("- a", "\"- a\""), ("订单", "\"订单\""), ("a\nb", "\"a\\nb\""),
    ("\u{1b}[1m", "\"\\u001B[1m\""), ("a-b_c.d/e9", "a-b_c.d/e9"), ("_x", "_x"), ("~", "\"~\""),
    ("y", "\"y\""),
  ])
  func yamlQuotesWhatCouldBeMistaken(text: String, expected: String) {
    #expect(YAML.text(.string(text)) == expected + "\n")
    #expect(YAML.text(.object([.init(text, .int(1))])) == expected + ": 1\n")
  }

  @Test func yamlNestsListsAndObjects() {
    let value = JSON.array([
      .array([.int(1), .array([.double(0.5)])]), .object([]), .array([]),
      .object([
        .init("a", .object([.init("b", .array([.object([.init("c", .null), .init("d", .bool(true))])]))]))
      ]),
    ])
    #expect(
      YAML.text(value) == """
        -
          - 1
          -
            - 0.5
        - {}
        - []
        - a:
            b:
              - c: null
                d: true

        """)
    #expect(YAML.text(.array([])) == "[]\n")
  }
}

/// The same through whole command lines.
@Suite struct SelectionCommandTests {
  @Test func commandLinesShapeTables() throws {
    let server = try CannedServer.apache()
    func run(_ words: [String]) -> Outcome { mq(words + ["-n", server.address]) }
    let list = ["topic", "list", "--all"]
    let all = run(list + ["-o", "name"]).out.split(separator: "\n").map(String.init)
    #expect(all.count > 5)
    #expect(
      run(list + ["--sort-by", "topic:desc", "--template", "{topic}"]).out
        == all.sorted(by: >).joined(separator: "\n") + "\n")
    let live = run(list + ["--filter", "topic=TopicLive", "--columns", "topic, perm", "-o", "csv"])
    #expect(live.out == "topic,perm\r\nTopicLive,rw\r\n")
    #expect(run(list + ["--filter", "topic=nobody"]).error == "no row fulfils the filter\n")
    #expect(run(list + ["--filter", "topic=nobody", "-o", "yaml"]).out == "[]\n")
  }

  @Test func whatCostsRequestsIsAskedOnlyWhenItIsWanted() throws {
    for (words, isAsked) in [
      ([], false), (["-o", "wide"], true), (["-o", "json"], true),
      (["-o", "json", "--columns", "topic"], false),
      (["--columns", "topic,messages"], true), (["--sort-by", "LAST MESSAGE:desc"], true),
      (["--filter", "messages>0"], true), (["--template", "{topic}"], false),
      (["--template", "{messages}"], true),
    ] {
      let server = try CannedServer.apache()
      #expect(mq(["topic", "list", "-n", server.address] + words).code == 0)
      #expect(server.requests.contains { $0.code == 202 } == isAsked, "\(words)")
    }
  }

  @Test(arguments: [
    ("topic list --columns nope", "--columns: no column is named nope"),
    ("topic list --sort-by nope", "--sort-by: no column is named nope"),
    ("topic list --sort-by topic:up", "--sort-by=topic:up is not understood"),
    ("topic list --filter nope=1", "--filter: no column is named nope"),
    ("topic list --filter lag>", "--filter: a value is missing here"),
    ("topic list --template {nope}", "--template: there is no {nope} here"),
    ("topic list --template {nope", "--template: a key or a closing brace is missing"),
    ("topic list -o template", "-o template and --template belong together"),
    ("topic list -o csv --template {topic}", "-o template and --template belong together"),
    ("topic describe TopicLive --template {nope}", "--template: there is no {nope} here"),
    ("broker status --filter nope=1", "--filter: no column is named nope"),
    ("produce T x -o template", "prints no table to shape"),
  ])
  func mistakesAreTold(line: String, message: String) throws {
    let server = try CannedServer.apache()
    let outcome = mq("\(line) -n \(server.address)")
    #expect(outcome.code == 2, "\(outcome.out)")
    #expect(outcome.error.hasPrefix("mq: ") && outcome.error.contains(message), "\(outcome.error)")
    #expect(outcome.out.isEmpty)
  }
}
