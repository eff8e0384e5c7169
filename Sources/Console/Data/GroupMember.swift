// Which queues of a topic a member of a consumer group reads, and the heartbeat that makes it a member. Pure.

import Client
import Linux
import Wire

/// One client of a consumer group, as brokers see it.
struct GroupMember {
  let group: String
  /// Unique among the group's clients: address, process, and a random part.
  let clientId: String
  /// Version of the subscription: the moment it was made, ms since 1970.
  let versionMs: Int64
  let filter: MessageFilter
  /// Whether every member gets every message.
  let isBroadcast: Bool
  /// The topic that was asked for, then the group's retry topic; broadcasting groups have none.
  let topics: [String]

  init(group: String, topic: String, filter: MessageFilter, isBroadcast: Bool, nowMs: Int64) {
    self.group = group
    self.filter = filter
    self.isBroadcast = isBroadcast
    versionMs = nowMs
    topics = isBroadcast ? [topic] : [topic, TopicName.retry(group: group)]
    clientId = Self.newClientId()
  }

  static func newClientId() -> String {
    let address = Socket.firstReachableIPv4().map { HostAddress(v4: $0, port: 0).addressText } ?? "127.0.0.1"
    return "\(address)@\(Process.identifier)#\(Process.randomUInt64())"
  }

  var heartbeat: Request {
    var data = HeartbeatData(clientId: clientId)
    var consumer = ConsumerData(group: group)
    consumer.fromWhere = .firstOffset
    if isBroadcast { consumer.model = .broadcasting }
    consumer.subscriptions = subscriptions
    data.consumers = [consumer]
    return Request(.heartbeat, body: data.json.bytes(.compact))
  }

  var subscriptions: [SubscriptionData] {
    topics.map { filter(for: $0).subscription($0, version: versionMs) }
  }

  /// The filter for one of the topics: retried messages were filtered when they were first read.
  func filter(for topic: String) -> MessageFilter { topic == topics[0] ? filter : MessageFilter() }

  /// This member's queues (Apache AllocateMessageQueueAveragely): every member computes the same division
  /// from the same sorted lists. Empty when it is not in the list, or there are more members than queues.
  static func share(of clientId: String, in clientIds: [String], _ queues: [MessageQueue]) -> [MessageQueue] {
    let members = Set(clientIds).arranged { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    guard let index = members.firstIndex(of: clientId), !queues.isEmpty else { return [] }
    let queues = queues.sorted()
    let rest = queues.count % members.count
    let average = queues.count / members.count + (index < rest ? 1 : 0)
    let start = index < rest ? index * average : index * average + rest
    return Array(queues[start..<min(start + average, queues.count)])
  }
}
