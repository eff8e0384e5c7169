// The queues that a benchmark uses; topics that are missing are made.

import Client
import Linux
import Wire

struct BenchTopics {
  typealias Lane = (address: String, queues: [MessageQueue])

  private let cluster: Cluster
  let names: [String]

  /// One topic of that name, or `count` with a number behind it.
  init(_ cluster: Cluster, name: String, count: Int) {
    self.cluster = cluster
    names = count == 1 ? [name] : (0..<count).map { "\(name)-\($0)" }
  }

  /// Queues by broker address, all topics mixed; every broker has at least one.
  ///
  /// - Throws: `.notFound` for a topic that is missing, unless it may be made.
  func lanes(making queues: Int?, writing: Bool) throws(Failure) -> [Lane] {
    var lanes: [String: [MessageQueue]] = [:]
    for name in names {
      let route = try route(name, making: queues)
      for queue in writing ? route.writeQueues(of: name) : route.readQueues(of: name) {
        if let address = route.address(ofBroker: queue.broker) { lanes[address, default: []].append(queue) }
      }
    }
    if lanes.isEmpty {
      let what = writing ? "written to" : "read"
      throw Failure(.failed, "no queue of \(names[0]) can be \(what)", hint: "mq topic describe \(names[0])")
    }
    return lanes.arranged { $0.key < $1.key }.map { (address: $0.key, queues: $0.value) }
  }

  private func route(_ name: String, making queues: Int?) throws(Failure) -> TopicRoute {
    do throws(ClientError) { return try cluster.route(name) } catch {
      if error.kind != .notFound { throw Failure(error) }
      guard let queues else { throw Failure(error) }
      try make(name, queues: queues)
    }
    // Brokers tell the name servers in their own time.
    let deadlineMs = Clock.monotonicMs() + Limits.timeoutMsDefault
    let pause = Signal()
    while true {
      do throws(ClientError) { return try cluster.route(name) } catch {
        if error.kind != .notFound || Clock.monotonicMs() > deadlineMs { throw Failure(error) }
      }
      _ = pause.wait(timeoutMs: Limits.routePauseMs)
    }
  }

  private func make(_ name: String, queues: Int) throws(Failure) {
    let request = Request(
      .updateAndCreateTopic,
      [
        ("topic", name), ("defaultTopic", TopicName.autoCreateKey), ("readQueueNums", "\(queues)"),
        ("writeQueueNums", "\(queues)"), ("perm", "6"), ("topicFilterType", "SINGLE_TAG"),
        ("topicSysFlag", "0"),
        ("order", "false"),
      ])
    do throws(ClientError) {
      for broker in try cluster.masters(cluster: nil, in: try cluster.clusterInfo()) where broker.id == 0 {
        _ = try cluster.call(broker.address, request).success(from: broker.address)
      }
    } catch { throw Failure(error) }
  }
}
