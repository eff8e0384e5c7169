// The sums over an answer to code 317 are those of the values in it.

import Testing
import Wire

@Suite struct GroupTotalsTests {
  private static let answer = """
    {"brokerAddr":"127.0.0.1:10911","consumeStatsList":[{"Empty":[]},{"Two \\u0022":[{"consumeTps":1.5,"offsetTable":{
    {"brokerName":"b","queueId":0,"topic":"%RETRY%T{\\"}"}:{"brokerOffset":10,"consumerOffset":4,"lastTimestamp":7,"pullOffset":0},
    {"brokerName":"b","queueId":1,"topic":"T"}:{"brokerOffset":3,"consumerOffset":9,"lastTimestamp":9,"pullOffset":0}}},
    {"consumeTps":0.25,"offsetTable":{"{\\"queueId\\":0}":{"consumerOffset":1,"brokerOffset":3}}}]}],"totalDiff":0,"x":[1,{}]}
    """

  @Test func everyQueueCounts() throws {
    let totals = try GroupTotals.scan(Array(Self.answer.utf8))
    var two = GroupTotals(group: "Two \"")
    two.lag = 8
    two.topics = 2
    two.tps = 1.75
    two.lastTimestampMs = 9
    #expect(totals.map(\.group) == ["Empty", two.group])
    #expect(totals[0] == GroupTotals(group: "Empty"))
    #expect(totals[1] == two)
    // A queue whose text names no topic belongs to none.
    two.byTopic = [.init(topic: "%RETRY%T{\"}", lag: 6)]
    #expect(try GroupTotals.scan(Array(Self.answer.utf8), withTopics: true)[1] == two)
    let quoted = #"{"consumeStatsList":[{"g":[{"offsetTable":{"{\"topic\":\"T\"}":{"brokerOffset":2}}}]}]}"#
    let topics = try GroupTotals.scan(Array(quoted.utf8), withTopics: true)[0].byTopic
    #expect(topics == [.init(topic: "T", lag: 2)])
  }

  @Test func everyCutIsRefused() {
    let bytes = Array(Self.answer.utf8)
    for end in 0..<bytes.count {
      #expect(throws: WireError.self) { try GroupTotals.scan(Array(bytes[..<end])) }
    }
  }

  @Test(arguments: [
    "[]", "{\"consumeStatsList\":{}}", "{\"consumeStatsList\":[[]]}", "{\"consumeStatsList\":[{\"g\":{}}]}",
    "{\"consumeStatsList\":[{\"g\":[{\"offsetTable\":[]}]}]}",
    "{\"consumeStatsList\":[{\"g\":[{\"offsetTable\":{1:2}}]}]}",
    "{\"consumeStatsList\":[{\"g\":[{\"offsetTable\":{\"q\":{\"brokerOffset\":\"x\"}}}]}]}",
  ])
  func otherShapesAreRefused(text: String) {
    #expect(throws: WireError.self) { try GroupTotals.scan(Array(text.utf8)) }
  }

  @Test func absurdOffsetsDoNotTrap() throws {
    let text =
      #"{"consumeStatsList":[{"g":[{"offsetTable":{"q":{"brokerOffset":9223372036854775807,"consumerOffset":-5}}}]}]}"#
    #expect(try GroupTotals.scan(Array(text.utf8)).count == 1)
  }
}
