// Under the name mqadmin the program takes the command lines of that.

import Linux
import TestSupport
import Testing

@Suite struct MqadminLinkTests {
  @Test func aLinkNamedMqadminRunsOldCommandLines() throws {
    let broker = try Broker()
    let scratch = try TemporaryDirectory()
    let link = scratch.path + "/mqadmin"
    #expect(try Child.run("/bin/ln", ["-s", program, link]).exit == .code(0))
    func mqadmin(_ words: String...) throws -> (exit: Exit, output: String, errors: String) {
      try Child.run(link, words + ["-n", broker.nameServer])
    }
    let made = try mqadmin("updateTopic", "-c", "DefaultCluster", "-t", "Old", "-r", "3", "-w", "3")
    #expect(made.exit == .code(0), "\(made.errors)")
    #expect(made.errors.contains("mq: running: mq topic create Old --replace -c DefaultCluster"))
    #expect(
      try mqadmin("updateTopic", "-c", "DefaultCluster", "-t", "Old", "-r", "2", "-w", "2").exit == .code(0))
    let status = try mqadmin("topicStatus", "-t", "Old")
    #expect(status.output.split(separator: "\n").filter { $0.contains("broker-a") }.count == 2, "two queues")
    #expect(try mqadmin("deleteTopic", "-c", "DefaultCluster", "-t", "Old").exit == .code(0))
    #expect(try mqadmin("topicRoute", "-t", "Old").exit == .code(3))
    #expect(try mqadmin("topicRout").exit == .code(2))
  }
}
