// `mq top` on a cluster of three brokers of which one takes requests and never answers.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopClusterTests {
    @Test func aHungBrokerHidesNothingOfTheOthers() throws {
      let brokers = try ["broker-a", "broker-b"].map { try Broker(["--broker-name", $0]) }
      for broker in brokers { try broker.ok("topic", "create", "orders", "--queues", "1") }
      try brokers[1].ok("produce", "orders", "--lines", input: "one\ntwo\n")
      let hung = try CannedServer { _ in .silence }
      let members =
        [("broker-a", "127.0.0.1:\(brokers[0].port)"), ("broker-b", "127.0.0.1:\(brokers[1].port)")]
        + [("broker-c", hung.address)]
      let table = members.map {
        "\"\($0)\":{\"brokerAddrs\":{0:\"\($1)\"},\"brokerName\":\"\($0)\",\"cluster\":\"Three\"}"
      }.joined(separator: ",")
      let names = members.map { "\"\($0.0)\"" }.joined(separator: ",")
      let info = "{\"brokerAddrTable\":{\(table)},\"clusterAddrTable\":{\"Three\":[\(names)]}}"
      let nameServer = try CannedServer { $0.code == 106 ? .answer(body: info) : .answer(code: 17) }
      let home = try TemporaryDirectory()
      let pty = try Pty(
        program, ["top", "--namesrv", nameServer.address],
        environment: [
          "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLORTERM": "", "TMUX": "", "LINES": "",
          "COLUMNS": "", "XDG_CONFIG_HOME": home.path, "XDG_STATE_HOME": home.path, "MQ_NAMESRV": "",
          "NAMESRV_ADDR": "", "MQ_CONTEXT": "",
        ], columns: 120, rows: 40)
      // The two that answer are there before the third is given up.
      try pty.wait("rows of all brokers") { screen in
        screen.text.contains("!brokers 2/3") && screen.text.contains("broker-a")
          && screen.text.contains("broker-b") && screen.text.contains("!broker-c")
      }
      try pty.wait(for: "\(hung.address) does not answer")
      // A sum without the third says so, and what is stored on both is one topic.
      try pty.wait(for: "In ~0/s")
      pty.type("3")
      try pty.wait("the topic on both brokers", timeoutMs: 5_000) { screen in
        screen.text.contains("[3:Topics") && screen.text.contains("orders")
      }
      // What hangs can be opened, and says that it does.
      pty.type("2jj\r")
      try pty.wait(for: "> broker-c", timeoutMs: 5_000)
      try pty.wait(for: "broker broker-c at \(hung.address) does not answer")
      pty.type("q")
      #expect(try pty.end() == .code(0))
    }
  }
}
