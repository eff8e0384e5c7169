// What `mq top` runs and reads besides the cluster: its commands are commands of mq, its files are checked.

import Linux
import TestSupport
import Testing
import Top

@testable import Console

@Suite struct TopServicesTests {
  /// Each entry of the menu, filled in, is a command line that parses, and does what the menu says it may do.
  @Test func theMenuIsMadeOfCommands() throws {
    let names = [
      "topic": "t", "group": "g", "client": "c", "broker": "b", "newTopic": "n", "newGroup": "n",
      "cluster": "C", "only": "t", "to": "time=-1h", "perm": "r", "queues": "4", "type": "fifo",
    ]
    for row in ActionRow.table {
      for values in [names, names.filter { !["cluster", "only", "type"].contains($0.key) }] {
        let flags =
          row.impact == .reads ? [] : row.impact == .writes ? ["--dry-run"] : ["--dry-run", "--yes"]
        let words = row.words(values, flags: flags)
        guard case .run(let command, let input) = try Parser.parse(words, nowMs: 0) else {
          Issue.record("\(words)")
          continue
        }
        #expect("\(command.impact)" == "\(row.impact)", "\(words)")
        #expect(!input.arguments.contains(""))
      }
    }
  }

  /// What `y` copies parses on every screen and in every detail, whatever table has the focus.
  @Test func whatIsCopiedIsACommand() throws {
    var snapshot = Snapshot()
    snapshot[.topics] = TableData(.topics, names: ["t"])
    snapshot[.groups] = TableData(.groups, names: ["g"])
    snapshot[.brokers] = TableData(.brokers, names: ["b"])
    snapshot[.queues] = TableData(.queues, names: ["t#0"])
    snapshot[.clients] = TableData(.clients, names: ["c"])
    snapshot[.clients].set("group", row: 0, "g")
    let places = Page.allCases.map { "\($0)" } + ["topic t", "group g", "broker b", "client c"]
    for place in places {
      var model = Model(size: Size(columns: 80, rows: 24))
      _ = model.update(.snapshot(snapshot))
      _ = model.run(command: place)
      var tables = Set<String>()
      for _ in 0..<model.place.tables.count {
        tables.insert("\(model.place.table)")
        guard case .run(let command, _) = try Parser.parse(model.equivalentCommand, nowMs: 0) else {
          Issue.record("\(model.equivalentCommand)")
          continue
        }
        #expect(command.impact == .reads, "\(model.equivalentCommand)")
        if model.place.tables.count > 1 { _ = model.update(.key(.tab)) }
      }
      #expect(tables.count == model.place.tables.count, "\(place)")
    }
  }

  @Test func theManualListsKeysCommandsAndActions() throws {
    let page = try #require(Manual.pages.first { $0.name == "mq-top.1" }).text
      .replacing("\\(ti", with: "~").replacing("\\-", with: "-").replacing("\\(aq", with: "'").replacing(
        "\\e", with: "\\"
      )
      .replacing("\\&", with: "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for binding in Keys.table {
      #expect(page.contains("\(binding.help) (\(binding.action.name))"), "\(binding.action)")
    }
    for command in ScreenCommand.allCases { #expect(page.contains(":\(command.rawValue)")) }
    for row in ActionRow.table { #expect(page.contains("\(row.title): mq \(row.template)"), "\(row.title)") }
  }

  @Test func aWrongFileOfKeysIsNamedWithItsLine() throws {
    let home = try TemporaryDirectory()
    #expect(try TopServices.keys(home.path + "/none").action(.text("q")) == .quit)
    let path = home.path + "/keys"
    try FileSystem.replace(path, with: Array("quit = Q\npause = Q\n".utf8), backup: false)
    let failure = #expect(throws: Failure.self) { try TopServices.keys(path) }
    #expect(failure?.code == .usage)
    #expect(failure?.message.hasPrefix("\(path) line 2: key Q is bound twice: to pause and to quit") == true)
  }

  @Test func readOnlyContextsRefuseChanges() throws {
    let home = try TemporaryDirectory()
    let environment = ["XDG_CONFIG_HOME": home.path]
    _ = mq("context add look 127.0.0.1:1 --read-only --protected", environment: environment)
    #expect(
      mq("context list -o csv --no-headers", environment: environment).out
        == "look,true,127.0.0.1:1,,,true,true\r\n")
    let refused = mq("topic create orders", environment: environment)
    #expect(refused.code == 2)
    #expect(refused.error.hasPrefix("mq: the context look is read-only\n"))
    #expect(mq("topic delete orders --yes", environment: environment).code == 2)
    #expect(mq("mqadmin deleteTopic -t orders -c C", environment: environment).code == 2)
    // What only asks, and what is only tried, goes to the cluster that is not there.
    #expect(mq("topic list", environment: environment).code == 5)
    #expect(mq("topic create orders --dry-run", environment: environment).code == 5)
    #expect(mq("topic create orders -n 127.0.0.1:1", environment: environment).code == 5)
  }
  @Test(arguments: ["read_only = yes", "read_only = \"true\"", "protected ="])
  func switchesAreTrueOrFalse(line: String) {
    #expect(throws: Failure.self) {
      try Contexts(toml: "[context.x]\nnamesrv = \"h:1\"\n\(line)\n", path: "f")
    }
  }
  @Test func switchesRoundTrip() throws {
    var contexts = Contexts()
    contexts.entries = [SavedContext(name: "x", nameServers: "h:1")]
    contexts.entries[0].isReadOnly = true
    contexts.entries[0].isProtected = true
    #expect(try Contexts(toml: contexts.toml, path: "f") == contexts)
  }

  @Test func protectedContextsAskForTheirNameToo() throws {
    let home = try TemporaryDirectory()
    let server = try CannedServer.apache { [215, 216, 102].contains($0.code) ? .answer() : nil }
    let environment = ["XDG_CONFIG_HOME": home.path]
    _ = mq("context add prod \(server.address) --protected", environment: environment)
    func delete(_ answers: [String]) -> Int32 {
      mq("topic delete TopicLive", environment: environment, answers: answers).code
    }
    #expect(delete(["TopicLive", "TopicLive"]) == 130)
    #expect(delete(["prod", "prod"]) == 130)
    #expect(delete(["TopicLive", "prod"]) == 0)
  }
}
