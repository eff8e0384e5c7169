// Decides what to ask the cluster next and turns the answers into snapshots. No I/O and no clock of its own:
// the collector's thread asks, and feeds what came back.
//
// SamplerPlan says what is asked when, SamplerTake and SamplerLists what becomes of answers, SamplerTables
// and those after it what a snapshot shows; Detail… are the same for the one thing that is open.
//
// Invariants: `topics` and `groups` are sorted by name and found through `topicIndex` and `groupIndex`; a
// question is in `open` from `plan` to `take` and is never put twice meanwhile.

import Client
import Wire

/// The collector's memory.
package struct Sampler {
  let nameServers: [String]
  /// Whose word counts, and who answered when last asked.
  var nameServer = 0
  var nameServersUp: Set<String> = []
  var nameServerViews = NameServerViews()
  var topologyAskedMs: Int64?
  var clusterName = ""
  var brokers: [BrokerState] = []
  /// The broker that speaks for a name.
  var primaries: [String: Int] = [:]

  var topics: [TopicState] = []
  var topicIndex: [String: Int] = [:]
  /// Those that hold dead letters.
  var deadLetterTopics: [Int] = []
  var groups: [GroupState] = []
  var groupIndex: [String: Int] = [:]
  /// Those that people made; brokers have a dozen of their own.
  var shownGroups: [Int] = []
  /// Where the sweeps through topics and groups stand.
  var topicCursor = 0
  var topicBytesCursor = 0
  var groupCursor = 0
  var clientCursor = 0
  var oldestCursor = 0
  /// The busiest topics, whose queues are followed.
  var busyTopics: [Int] = []
  /// What groups left waiting in the queues of busy topics, and consume.
  var followed: [MessageQueue: FollowedQueue] = [:]
  /// Which client consumes a queue, as clients said.
  var owners: [MessageQueue: String] = [:]
  var ownersAskedMs: [String: Int64] = [:]

  var wishes = Wishes()
  var nowMs: Int64 = 0
  /// Questions that were put and not answered yet.
  var open: Set<Ask> = []
  /// What the plan that is being made asks.
  var planned: [(address: String, ask: Ask)] = []
  /// When how many requests were sent, over the last seconds.
  var sent: [(atMs: Int64, count: Int)] = []
  var problem: String?
  /// True when the last answers opened new questions (the first topology, the first lists): ask on at once.
  package internal(set) var wantsMore = false

  var sequence: UInt64 = 0
  var lagSlope = Slope()
  var lagFedMs: Int64 = 0
  var detail: DetailState?
  /// Tables of the last snapshot, to share what did not change, and what made them old.
  var lastTopics = TableData(.topics)
  var lastGroups = TableData(.groups)
  var lastClients = TableData(.clients)
  var changes = Changes.all
  var changedMs: Int64 = 0

  /// What answers changed since tables were last made.
  struct Changes: OptionSet {
    let rawValue: Int
    static let topicList = Changes(rawValue: 1)
    static let topicRates = Changes(rawValue: 2)
    static let topicBytes = Changes(rawValue: 4)
    static let progress = Changes(rawValue: 8)
    static let groupList = Changes(rawValue: 16)
    static let clients = Changes(rawValue: 32)
    static let groupClients = Changes(rawValue: 64)
    static let oldest = Changes(rawValue: 128)
    static let deadLetters = Changes(rawValue: 256)
    static let all = Changes(rawValue: 511)
  }
  /// All groups on one queue.
  struct FollowedQueue {
    var lag = Measure.unknown
    var out = RateMeter()
  }

  /// Knows nothing but where to ask.
  package init(nameServers: [String]) {
    precondition(!nameServers.isEmpty)
    self.nameServers = nameServers
  }

  var intervalMs: Int64 { wishes.intervalMs }
  /// What is asked in each refresh is due a little earlier: a sweep may have been late before.
  var freshMs: Int64 { intervalMs - intervalMs / 10 }

  /// True when a first sample waits for its second: the next sweep should come soon. Never where all rows
  /// matter alike, for rates over so short a time are rough.
  package var wantsSoon: Bool {
    !wishes.wantsAll && brokers.contains { $0.answeredLast && $0.gauges.put.rate == .first }
  }

  func index(ofBroker label: String) -> Int? { brokers.firstIndex { $0.label == label } }
  /// The place of the broker that speaks for a name, when it may be asked.
  func primary(_ group: String) -> Int? {
    guard let index = primaries[group], brokers[index].isListed else { return nil }
    return index
  }
  /// Groups of brokers that tell their progress one by one come up less often when they are many.
  func tellsAll(_ index: Int) -> Bool {
    !brokers[index].refuses(RequestCode.getBrokerConsumeStats.rawValue, nowMs: nowMs)
  }
}
