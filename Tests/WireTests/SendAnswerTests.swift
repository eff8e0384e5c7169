// The answer to a send is written by itself: it must be what every other answer's writer would write.

import Testing
import Wire

struct SendAnswerTests {
  @Test(arguments: [0, 7, 10, 99, 100, 65535, 1_000_000_000, Int32.max, -1, Int32.min])
  func isWhatTheFrameWriterWrites(opaque: Int32) {
    let common = #""TRACE_ON":"true","MSG_REGION":"DefaultRegion""#
    let id = "7F00000100002A9F0000000000000123"
    for (queueId, queueOffset) in [(0, 0), (15, 99_999), (1023, Int64.max)] as [(Int64, Int64)] {
      for key in ["", "7F0000010001", "with \"quotes\" and \u{1}"] {
        for handle in ["", "djEgdG9waWM="] {
          // Something lies before the frame.
          var expected = ByteBuffer()
          expected.append("before")
          var answer = ByteBuffer()
          answer.append("before")

          var writer = FrameWriter(response: 0, opaque: opaque, to: &expected)
          writer.field("queueId", queueId, to: &expected)
          if !key.isEmpty { writer.field("transactionId", key, to: &expected) }
          writer.field("msgId", id, to: &expected)
          writer.field("TRACE_ON", "true", to: &expected)
          writer.field("MSG_REGION", "DefaultRegion", to: &expected)
          if !handle.isEmpty { writer.field("recallHandle", handle, to: &expected) }
          writer.field("queueOffset", queueOffset, to: &expected)
          writer.endHeader(to: &expected)
          writer.finish(to: &expected)

          var prepared = ByteBuffer()
          prepared.append(utf8: common)
          let parts = SendAnswer.Parts(host: HostAddress(v4: 0x7F00_0001, port: 10911), fields: prepared)
          let send = SendAnswer(queueId: queueId, to: &answer)
          if !key.isEmpty { send.transactionId(Array(key.utf8).span.bytes, to: &answer) }
          if key.isEmpty {
            var ids = ByteBuffer()
            ids.append(utf8: id)
            send.ids(ids, parts, to: &answer)
          } else {
            send.id(0x123, parts, to: &answer)
          }
          if !handle.isEmpty { send.recallHandle(handle, to: &answer) }
          send.end(queueOffset: queueOffset, opaque: opaque, to: &answer)

          #expect(answer.array == expected.array)
        }
      }
    }
  }
}
