// The progress of all groups, topic by topic, read without a tree.

import Testing
import Wire

@Suite struct GroupProgressTests {
  private static let answer = """
    {"brokerAddr":"b","consumeStatsList":[{"One":[{"consumeTps":1.5,"offsetTable":{
    {"brokerName":"b","queueId":0,"topic":"A"}:{"brokerOffset":10,"consumerOffset":4,"lastTimestamp":1,"pullOffset":4},
    {"brokerName":"b","queueId":1,"topic":"A"}:{"brokerOffset":3,"consumerOffset":5,"lastTimestamp":2,"pullOffset":5}}},
    {"offsetTable":{{"topic":"%RETRY%One","queueId":0,"brokerName":"b"}:{"brokerOffset":7,"consumerOffset":-1}}},
    {"offsetTable":{}}]},{"Two":[]}],"totalDiff":9}
    """

  @Test func sumsByTopic() throws {
    let groups = try GroupProgress.scan(Array(Self.answer.utf8), watching: ["A"])
    #expect(groups.map(\.group) == ["One", "Two"])
    #expect(groups[1].topics.isEmpty)
    let topics = groups[0].topics
    #expect(topics.map(\.topic) == ["A", "%RETRY%One"])
    #expect(
      (topics[0].queues, topics[0].brokerOffset, topics[0].consumerOffset, topics[0].lag) == (2, 13, 9, 6))
    #expect(topics[0].watched.map { $0.queueId } == [0, 1])
    // No offset yet is the begin of the queue; and what nobody watches is not kept queue by queue.
    #expect((topics[1].consumerOffset, topics[1].lag) == (0, 7))
    #expect(topics[1].watched.isEmpty)
  }

  /// Cut anywhere, and with any byte changed, it ends in order.
  @Test func survivesDamage() {
    let bytes = Array(Self.answer.utf8)
    for end in bytes.indices {
      #expect(throws: WireError.self) { try GroupProgress.scan(Array(bytes[..<end])) }
    }
    for place in bytes.indices {
      for byte: UInt8 in [0, 0x22, 0x2C, 0x7B, 0x7D, 0x39, 0xFF] {
        var damaged = bytes
        damaged[place] = byte
        _ = try? GroupProgress.scan(damaged, watching: ["A"])
      }
    }
  }
}
