// A cluster for `mq top --demo`: a server on a thread, and a thread that produces and consumes.
//
// Threads: the server's loop runs on its own thread and owns the server; the load has its own connections.
// Both end when told; whoever tells waits for them and removes the store.

import Client
import Linux
import Server
import Synchronization
import Top
import Wire

final class DemoCluster: Sendable {
  private let directory: String
  private let started = Signal()
  private let loaded = Signal()
  private let outcome = Mutex<Result<(ServerAddresses, ServerStopper), ClientError>?>(nil)
  private let isEnding = Atomic<Bool>(false)

  /// Starts all of it; blocks until the server listens.
  static func start() -> Result<DemoHandle, ClientError> {
    let directory: String
    do throws(Errno) { directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-demo-") } catch {
      return .failure(
        ClientError(.unreachable, "cannot make a directory for the demo: \(error)", hint: "set TMPDIR"))
    }
    let cluster = DemoCluster(directory)
    let threads = Threads()
    threads.add(Thread.start(name: "mq-demo-server") { cluster.serve() })
    _ = cluster.started.wait(timeoutMs: Limits.timeoutMsDefault)
    switch cluster.outcome.withLock({ $0 }) {
    case .success((let addresses, let stopper)):
      threads.add(Thread.start(name: "mq-demo-load") { cluster.work(addresses.nameServer) })
      // The dashboard asks for the topics at its start and then seldom.
      _ = cluster.loaded.wait(timeoutMs: Limits.loopMs)
      return .success(
        DemoHandle(nameServers: [addresses.nameServer]) {
          cluster.isEnding.store(true, ordering: .releasing)
          stopper.stop()
          threads.join()
          try? FileSystem.removeTree(directory)
        })
    case .failure(let error): return .failure(error)
    case nil: return .failure(ClientError(.timeout, "the demo's server did not start in time"))
    }
  }

  private init(_ directory: String) { self.directory = directory }

  private func serve() {
    var options = ServerOptions(root: directory)
    options.nameServerPort = 0
    options.brokerPort = 0
    options.logLevel = .error
    options.clusterName = "demo"
    options.segmentBytes = Limits.demoSegmentBytes
    do throws(StartError) {
      let server = try RunningServer(options, signals: nil) { _, _ in }
      outcome.withLock { $0 = .success((server.addresses, server.stopper)) }
      started.raise()
      _ = server.run()
    } catch {
      outcome.withLock { $0 = .failure(ClientError(.unreachable, error.message, hint: error.hint)) }
      started.raise()
    }
  }

  private func work(_ nameServer: String) {
    let load = DemoLoad(nameServer)
    let pause = Signal()
    // Failures are expected while the server starts and ends; the next turn tries again.
    while !isEnding.load(ordering: .acquiring) {
      try? load.turn()
      loaded.raise()
      _ = pause.wait(timeoutMs: DemoLoad.turnMs)
    }
  }

  /// The handles of running threads, to join once.
  private final class Threads: Sendable {
    private let handles = Mutex<[Box]>([])

    private final class Box: Sendable {
      private let handle: Mutex<ThreadHandle?>
      init(_ handle: consuming sending ThreadHandle) { self.handle = Mutex(handle) }
      func join() {
        let taken = handle.withLock { $0.take() }
        taken?.join()
      }
    }

    func add(_ handle: consuming sending ThreadHandle) {
      let box = Box(handle)
      handles.withLock { $0.append(box) }
    }

    func join() {
      for box in handles.withLock({ $0 }) { box.join() }
    }
  }
}

/// Producers of several topics, a group that keeps up, and one that reads a third of what comes. One thread.
private final class DemoLoad {
  static let turnMs: Int64 = 100
  /// Messages a turn of each topic; a slow wave makes the rates move.
  private static let topics: [(name: String, rate: Int)] = [
    ("orders", 40), ("payments", 20), ("shipments", 10), ("audit-log", 80), ("returns", 1),
  ]
  private static let groups: [(name: String, topic: String, share: Int)] = [
    ("billing", "orders", 100), ("bookkeeping", "payments", 100), ("reports", "audit-log", 33),
  ]

  private let cluster: Cluster
  private var producer: Producer
  private var turns = 0
  private var offsets: [String: Int64] = [:]

  init(_ nameServer: String) {
    cluster = Cluster(nameServers: [nameServer], timeoutMs: Limits.timeoutMsDefault)
    producer = Producer(cluster, group: "demo-shop")
  }

  func turn() throws(ClientError) {
    defer { turns += 1 }
    for (index, topic) in Self.topics.enumerated() {
      // 10 s up, 10 s down, each topic a little later.
      let phase = (turns + index * 25) % 200
      let wave = phase < 100 ? phase : 200 - phase
      try produce(topic.name, max(topic.rate == 1 ? phase % 10 / 9 : 1, topic.rate * (50 + wave) / 100))
    }
    if turns % 100 == 10 { try beat() }
    if turns > 10 {
      for group in Self.groups { try consume(group.name, group.topic, percent: group.share) }
    }
  }

  private func produce(_ topic: String, _ count: Int) throws(ClientError) {
    if count == 0 { return }
    let queues = try producer.queues(topic)
    let target = queues[turns % queues.count]
    let messages = (0..<count).map { index in
      let text = "{\"number\":\(turns * 1000 + index),\"topic\":\"\(topic)\",\"amount\":\(index * 7 % 1000)}"
      var message = OutgoingMessage(body: Array(text.utf8))
      message.properties[PropertyName.keys] = "\(topic)-\(turns)-\(index)"
      message.properties[PropertyName.tags] = index % 3 == 0 ? "new" : "changed"
      return message
    }
    _ = try producer.send(batch: messages, to: target.queue, at: target.address)
  }

  /// The groups' members, so that they are seen.
  private func beat() throws(ClientError) {
    for group in Self.groups {
      var data = HeartbeatData(clientId: "127.0.0.1@demo-\(group.name)")
      var consumer = ConsumerData(group: group.name)
      consumer.subscriptions = [
        SubscriptionData.tag(topic: group.topic, expression: "*", version: Clock.wallMs())
      ]
      data.consumers = [consumer]
      data.producers = ["demo-shop"]
      let route = try cluster.route(group.topic)
      for address in Set(route.brokers.compactMap(\.master)) { try cluster.heartbeat(data, to: address) }
    }
  }

  private func consume(_ group: String, _ topic: String, percent: Int) throws(ClientError) {
    let route = try cluster.route(topic)
    for queue in route.readQueues(of: topic) {
      guard let address = route.address(ofBroker: queue.broker) else { continue }
      let place = "\(group) \(queue.queueId)"
      var pull = Pull(queue, at: address, offset: offsets[place] ?? 0)
      pull.group = group
      let batch = try cluster.pull(pull)
      if batch.messages.isEmpty { continue }
      let taken = max(1, batch.messages.count * percent / 100)
      let next = batch.messages[taken - 1].queueOffset + 1
      offsets[place] = next
      try cluster.commit(group, queue, next, at: address)
    }
  }
}
