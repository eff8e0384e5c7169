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
      case .failure(let error): return exchange.fail("cannot start the demo: " + error.message)
      }
    }
    if nameServers.isEmpty {
      exchange.fail("no name server is known")
    } else {
      sweep(nameServers, options.credentials, exchange)
    }
    handle?.stop()
  }

  private static func sweep(
    _ nameServers: [String], _ credentials: Credentials?, _ exchange: Exchange
  ) {
    let cluster = Cluster(nameServers: nameServers, timeoutMs: Limits.sweepDeadlineMs)
    cluster.credentials = credentials
    var sampler = Sampler(nameServers: nameServers)
    while !exchange.isStopping {
      let wishes = exchange.wishes
      let startMs = Clock.monotonicMs()
      let asks = sampler.plan(wishes, nowMs: startMs)
      let answers = cluster.callAll(asks.map { (address: $0.address, request: $0.ask.request) })
      for (index, answer) in answers.enumerated() { sampler.take(asks[index].ask, answer, atMs: startMs) }
      // What the first answers open up is asked for at once; a picture without it would say "nothing there".
      if sampler.wantsMore { continue }
      let nowMs = Clock.monotonicMs()
      exchange.publish(sampler.snapshot(startMs: startMs, nowMs: nowMs, wallMs: Clock.wallMs()))
      pause(from: startMs, exchange)
    }
  }

  /// Waits for the next sweep. The interval may change meanwhile.
  private static func pause(from startMs: Int64, _ exchange: Exchange) {
    while !exchange.isStopping {
      let leftMs = startMs + exchange.wishes.intervalMs - Clock.monotonicMs()
      if leftMs <= 0 { return }
      exchange.sleep(ms: leftMs)
    }
  }
}
