// A consumer group at run time: its configuration, its members, what they subscribe to.

import Linux
import Store
import Wire

/// A connection that belongs to a producer or consumer group.
struct GroupMember {
  let session: Session
  let clientId: String
  let language: LanguageCode
  let version: Int32
  var lastMs: Int64

  var connection: ClientConnection {
    ClientConnection(
      clientId: clientId, address: session.peer.text, language: language.name, version: version)
  }

  /// Its address is a Java socket address, with the slash.
  var producerInfo: ProducerInfo {
    ProducerInfo(
      clientId: clientId, remoteAddress: "/" + session.peer.text, language: language.name, version: version,
      lastUpdateMs: lastMs)
  }
}

/// What a group subscribes to in one topic.
struct Subscription {
  let data: SubscriptionData
  let slot: TopicSlot
  let kind: Kind
  let filter: MessageFilter

  /// How its messages are chosen.
  enum Kind {
    case tags, condition
    /// A SQL92 expression that does not compile: its consumers must correct it.
    case broken
    /// An expression type that no broker of version 5 serves.
    case unknown
  }

  init(_ data: SubscriptionData, _ slot: TopicSlot) {
    self.data = data
    self.slot = slot
    if SqlFilters.isTag(data.expressionType) && !data.isClassFilter {
      kind = .tags
      filter = Self.tags(data)
    } else if data.expressionType == SqlFilters.type && !data.isClassFilter {
      let program = try? SqlProgram(data.subString)
      kind = program == nil ? .broken : .condition
      filter = MessageFilter(program: program)
    } else {
      kind = .unknown
      filter = .all
    }
  }

  private static func tags(_ data: SubscriptionData) -> MessageFilter {
    if data.isAll { return .all }
    // No codes would mean everything: a client that sends the expression alone still gets its tags.
    let codes =
      data.codes.isEmpty
      ? SubscriptionData.tag(topic: data.topic, expression: data.subString, version: 0).codes : data.codes
    return MessageFilter(codes: codes)
  }
}

/// A consumer group. Created when a name is first seen and legal, kept while the server runs.
/// Loop thread only.
final class ConsumerGroup {
  let name: String
  /// Dense number, for stats tables.
  let index: Int
  /// Configuration (copied from the store when it changes); nil when deleted or never created.
  var config: SubscriptionGroup?
  /// By session id.
  private(set) var members: [UInt64: GroupMember] = [:]
  private(set) var type = ConsumeType.passively
  private(set) var model = MessageModel.clustering
  private(set) var fromWhere = ConsumeFromWhere.lastOffset
  private var subscriptions: [Subscription] = []
  /// Slot → place in `subscriptions`.
  private var places: [TopicSlot: Int] = [:]
  /// Of the last heartbeat (v2); nil before the first.
  var fingerprint: Int32?
  var locks = QueueLocks()
  /// Topics that an operator has forbidden the group to read (code 353); usually none.
  var pausedTopics: Set<TopicSlot> = []
  /// Where each queue's next pull begins, as the last pull answered; progress reports show it.
  private var pullOffsets: [QueuePlace: Int64] = [:]

  struct QueuePlace: Hashable {
    let slot: TopicSlot
    let queueId: Int32
  }

  init(name: String, index: Int) {
    self.name = name
    self.index = index
  }

  /// Whether an operator has forbidden the group to read the topic.
  func isPaused(_ slot: TopicSlot) -> Bool { !pausedTopics.isEmpty && pausedTopics.contains(slot) }

  /// True while at least one member is registered.
  var isOnline: Bool { !members.isEmpty }

  /// The subscription of a topic as registered by heartbeat; nil when the group does not subscribe to it.
  func subscription(_ slot: TopicSlot) -> (filter: MessageFilter, kind: Subscription.Kind, version: Int64)? {
    guard let place = places[slot] else { return nil }
    return (subscriptions[place].filter, subscriptions[place].kind, subscriptions[place].data.version)
  }

  /// The expression type of a subscription as its clients named it.
  func expressionType(_ slot: TopicSlot) -> String {
    guard let place = places[slot] else { return "" }
    let data = subscriptions[place].data
    return data.isClassFilter ? "class" : data.expressionType
  }

  /// All subscriptions, sorted by topic.
  var subscriptionList: [SubscriptionData] { subscriptions.map(\.data).arranged { $0.topic < $1.topic } }
  var subscriptionCount: Int { subscriptions.count }
  func subscribes(to topic: String) -> Bool { subscriptions.contains { $0.data.topic == topic } }

  /// Members in the order in which they connected.
  var memberList: [GroupMember] { members.values.arranged { $0.session.id < $1.session.id } }

  // MARK: registration

  /// Adds or refreshes a member; true when it is new.
  func refresh(_ member: GroupMember, as data: ConsumerData) -> Bool {
    type = data.type
    model = data.model
    fromWhere = data.fromWhere
    return members.updateValue(member, forKey: member.session.id) == nil
  }

  /// Takes over the topics of a heartbeat: newer versions replace, missing topics go.
  ///
  /// - Parameter slots: Finds the slot of a topic; nil leaves the topic out.
  /// - Returns: Whether topics came or went (a new version of a known topic does not count).
  func update(_ list: [SubscriptionData], slots: (String) -> TopicSlot?) -> Bool {
    var old: [String: Subscription] = [:]
    for item in subscriptions { old[item.data.topic] = item }
    var next: [Subscription] = []
    var seen: Set<String> = []
    var changed = false
    for data in list
    where next.count < ServerLimits.subscriptionsPerGroupMax && seen.insert(data.topic).inserted {
      if let known = old[data.topic] {
        next.append(
          data.version > known.data.version
            ? Subscription(data, known.slot) : known)
      } else if let slot = slots(data.topic) {
        next.append(Subscription(data, slot))
        changed = true
      }
    }
    changed = changed || old.keys.contains { !seen.contains($0) }
    replace(next)
    return changed
  }

  /// Removes a member and returns it. The last one takes the subscriptions with it.
  func remove(_ session: Session) -> GroupMember? {
    guard let member = members.removeValue(forKey: session.id) else { return nil }
    if members.isEmpty { replace([]) }
    return member
  }

  private func replace(_ list: [Subscription]) {
    subscriptions = list
    places.removeAll(keepingCapacity: true)
    for (place, item) in list.enumerated() { places[item.slot] = place }
  }

  // MARK: progress

  /// Notes where the next pull of a queue begins. Allocates only for a queue's first pull.
  func pulled(_ slot: TopicSlot, _ queueId: Int32, next: Int64) {
    pullOffsets[QueuePlace(slot: slot, queueId: queueId)] = next
  }

  func pullOffset(_ slot: TopicSlot, _ queueId: Int32) -> Int64? {
    pullOffsets[QueuePlace(slot: slot, queueId: queueId)]
  }

  func forgetPulls(of slot: TopicSlot) {
    pullOffsets = pullOffsets.filter { $0.key.slot != slot }
  }
}
