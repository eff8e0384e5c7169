// The collector's thread: asks the cluster in sweeps and publishes a snapshot after each. It alone blocks on
// the network; the screen never waits for it.

import Client
import Linux
import Wire

/// The body of the collector's thread.
enum Collector {
  /// Sweeps until the exchange stops. A demo cluster is started first and stopped last.
  static func run(_ options: DashboardOptions, _ exchange: Exchange) {
    if let path = options.replay { return Replayer.run(path, exchange) }
    var nameServers = options.nameServers
    var handle: DemoHandle?
    if let demo = options.demo {
      switch demo() {
      case .success(let started):
        nameServers = started.nameServers
        handle = started
        var connection = Connection()
        connection.flags = ["-n", nameServers.joined(separator: ";")]
        connection.isReadOnly = options.connection.isReadOnly
        exchange.post(.connected(connection))
      case .failure(let error): return exchange.fail("cannot start the demo: " + error.message)
      }
    }
    while !exchange.isStopping {
      let (source, generation) = exchange.source
      let servers = source?.nameServers ?? nameServers
      if servers.isEmpty {
        exchange.fail("no name server is known")
        break
      }
      let credentials = source == nil ? options.credentials : source?.credentials
      let sweeps = Sweeps(servers, credentials, options.watch, generation)
      while exchange.wants(generation) { sweeps.next(exchange) }
    }
    handle?.stop()
  }
}

/// Sweeps over one cluster. One thread.
private final class Sweeps {
  private let cluster: Cluster
  private var sampler: Sampler
  private var observer: Observer
  /// Questions that wait for their answers, by ticket.
  private var waiting: [Int32: Ask] = [:]
  /// Those of them that belong to this sweep; the others are late, and not worth a delay.
  private var current: Set<Int32> = []
  /// Which of the clusters watched so far it is.
  private let generation: Int

  init(_ nameServers: [String], _ credentials: Credentials?, _ watch: WatchSettings, _ generation: Int) {
    self.generation = generation
    cluster = Cluster(nameServers: nameServers, timeoutMs: Limits.sweepDeadlineMs)
    cluster.credentials = credentials
    sampler = Sampler(nameServers: nameServers)
    observer = Observer(watch, clock: Observer.localTime)
  }

  /// One sweep, its snapshot, and the pause after it.
  ///
  /// What is asked may take until `Limits.sweepDeadlineMs`; but who answers fast is shown at once, and who
  /// does not holds up nobody: its answers come to a later snapshot.
  func next(_ exchange: Exchange) {
    let startMs = Clock.monotonicMs()
    current = []
    repeat {
      ask(exchange.wishes)
      while !current.isEmpty, exchange.wants(generation) {
        let leftMs = startMs + Limits.showAfterMs - Clock.monotonicMs()
        if leftMs <= 0 { break }
        takeArrivals(waitMs: leftMs)
      }
      // What the first answers open up is asked for at once; a picture without it would say "nothing there".
    } while sampler.wantsMore && exchange.wants(generation)
      && Clock.monotonicMs() - startMs < Limits.sweepDeadlineMs
    let nowMs = Clock.monotonicMs()
    var snapshot = sampler.snapshot(startMs: startMs, nowMs: nowMs, wallMs: Clock.wallMs())
    observer.complete(&snapshot)
    exchange.publish(snapshot, of: generation)
    pause(from: startMs, exchange)
  }

  private func ask(_ wishes: Wishes) {
    let asks = sampler.plan(wishes, nowMs: Clock.monotonicMs())
    let tickets = cluster.beginAll(asks.map { (address: $0.address, request: $0.ask.request) })
    for (index, ticket) in tickets.enumerated() {
      switch ticket {
      case .success(let number):
        waiting[number] = asks[index].ask
        current.insert(number)
      case .failure(let error):
        sampler.take(asks[index].ask, .failure(error), atMs: Clock.monotonicMs())
      }
    }
  }

  private func takeArrivals(waitMs: Int64) {
    let answers = cluster.arrivals(waitMs: waitMs).answers
    let nowMs = Clock.monotonicMs()
    for (ticket, result) in answers {
      current.remove(ticket)
      if let ask = waiting.removeValue(forKey: ticket) { sampler.take(ask, result, atMs: nowMs) }
    }
  }

  /// Waits for the next sweep. The wishes may change meanwhile, and late answers come in.
  private func pause(from startMs: Int64, _ exchange: Exchange) {
    while exchange.wants(generation) {
      let intervalMs = sampler.wantsSoon ? Limits.secondSampleMs : exchange.wishes.intervalMs
      let leftMs = startMs + intervalMs - Clock.monotonicMs()
      if leftMs <= 0 { return }
      if waiting.isEmpty {
        if exchange.sleep(ms: leftMs) { return }
      } else {
        // Both are waited for in turn: a broker that hangs is rare, and a few wakeups a second cost nothing.
        takeArrivals(waitMs: min(leftMs, Limits.lateAnswersMs))
        if exchange.sleep(ms: 0) { return }
      }
    }
  }
}
