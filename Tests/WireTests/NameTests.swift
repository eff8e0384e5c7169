// Addresses, message ids, names of topics and groups, permissions.

import Testing
import Wire

struct NameTests {
  @Test(
    arguments: [
      ("127.0.0.1:10911", "127.0.0.1:10911"), ("255.255.255.255:0", "255.255.255.255:0"),
      ("[::1]:10911", "[0:0:0:0:0:0:0:1]:10911"), ("[::]:1", "[0:0:0:0:0:0:0:0]:1"),
      ("[fe80::a:B]:65535", "[fe80:0:0:0:0:0:a:b]:65535"), ("[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]:9"),
      ("[::ffff:1.2.3.4]:5", "[0:0:0:0:0:ffff:102:304]:5"), ("[1::]:5", "[1:0:0:0:0:0:0:0]:5"),
      ("1.2.3.4", nil), ("1.2.3.4:", nil), ("1.2.3.4:65536", nil), ("1.2.3.4:+5", nil), ("1.2.3:5", nil),
      ("1.2.3.256:5", nil), ("1.2.3.4.5:6", nil), ("host:80", nil), ("::1:80", nil), ("[]:80", nil),
      ("[1:2:3]:80", nil), ("[1::2::3]:80", nil), ("[1:2:3:4:5:6:7::8]:80", nil), ("[12345::]:80", nil),
      ("", nil),
      ("[:1]:80", nil), ("[g::]:80", nil),
    ] as [(String, String?)])
  func addresses(text: String, expected: String?) {
    let host = HostAddress(text)
    #expect(host?.text == expected)
    if let host { #expect(HostAddress(host.text) == host) }
  }

  @Test func offsetIds() {
    let host = HostAddress(v6High: 0x2001_0DB8_0000_0000, v6Low: 1, port: 10911)
    let id = OffsetMessageId(host: host, physicalOffset: 0x1234_5678_9ABC_DEF0)
    #expect(id.text == "20010DB8000000000000000000000001" + "00002A9F" + "123456789ABCDEF0")
    #expect(OffsetMessageId(id.text) == id)
    #expect(OffsetMessageId(id.text.lowercased()) == id)
    for bad in [
      "", "7F00000100002A9F000000000000000", "7F00000100002A9F000000000000000G",
      "7F00000100002A9F00000000000000000",
    ] {
      #expect(OffsetMessageId(bad) == nil)
    }
  }

  @Test func uniqueKeys() {
    var maker = UniqueKeyMaker(v4: 0x7F00_0001, processId: 0x1_11EA, seed: 0xF4E0_E2F2, startOfMonthMs: 1000)
    var out = ByteBuffer()
    maker.append(nowMs: 1000 + 0x64C3_1D6F, to: &out)
    #expect(out.bytes.text == "7F00000111EAF4E0E2F264C31D6F0000")
    var seen: Set<String> = []
    for _ in 0..<65_535 {
      out.removeAll()
      maker.append(nowMs: 2000, to: &out)
      seen.insert(out.bytes.text)
    }
    #expect(seen.count == 65_535 && out.count == 32)
  }

  @Test(
    arguments: [
      ("Orders_1-a|b", nil), ("%RETRY%g", nil), (String(repeating: "t", count: 127), nil),
      ("", "The specified topic is blank."), ("  ", "The specified topic is blank."),
      ("a b", "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"),
      ("世", "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"),
      (String(repeating: "t", count: 128), "The specified topic is longer than topic max length."),
    ] as [(String, String?)])
  func topicNames(name: String, complaint: String?) {
    #expect(TopicName.complaint(topic: name) == complaint)
  }

  @Test(
    arguments: [
      ("CG-1", nil), (String(repeating: "g", count: 255), nil), ("\t", "the specified group is blank"),
      ("a#b", "the specified group[a#b] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"),
      (String(repeating: "g", count: 256), "the specified group is longer than group max length 255."),
    ] as [(String, String?)])
  func groupNames(name: String, complaint: String?) {
    #expect(TopicName.complaint(group: name) == complaint)
  }

  @Test func reservedNames() {
    for topic in [
      "TBW102", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRACE_TOPIC", "rmq_sys_anything", "CHECKPOINT_TOPIC",
    ] {
      #expect(TopicName.isSystem(topic))
    }
    for topic in ["%RETRY%g", "Orders", "tbw102", "RMQ_SYS_X"] { #expect(!TopicName.isSystem(topic)) }
    #expect(TopicName.isSystemGroup("TOOLS_CONSUMER") && TopicName.isSystemGroup("CID_RMQ_SYS_X"))
    #expect(!TopicName.isSystemGroup("CG") && !TopicName.isSystemGroup("CID_CG"))
    #expect(TopicName.isClosedToClients("SCHEDULE_TOPIC_XXXX") && !TopicName.isClosedToClients("TBW102"))
    #expect(TopicName.retry(group: "g") == "%RETRY%g" && TopicName.deadLetter(group: "g") == "%DLQ%g")
  }

  @Test(
    arguments: [
      ("rw", 6), ("RW-", 6), ("r", 4), ("w", 2), ("-W-", 2), ("rwx", 7), ("6", 6), ("0", 0), ("---", 0),
      ("8", nil), ("-1", nil), ("", nil), ("rr", nil), ("q", nil), ("rw--", nil),
    ] as [(String, Int32?)])
  func permissions(text: String, perm: Int32?) {
    #expect(Perm.parse(text) == perm)
    if let perm { #expect(Perm.parse(Perm.text(perm)) == perm) }
  }
}
